package httpapi_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/job"
)

// TestOutOfTime: what cannot be answered within the time of the request is to be
// asked for again.
func TestOutOfTime(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	product, images := s.fail(fault.SourceTimeout, "a.example", 1)
	one := fmt.Sprintf("/products/%d", product)
	image := fmt.Sprintf("%s/images/%d", one, images[0])
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, call := range [][3]string{
		{"PATCH", one, `{"product_price":1}`},
		{"GET", image, ""},
		{"POST", image + "/replay", ""},
		{"GET", "/dead-letters", ""},
		{"POST", "/dead-letters/replay", `{"ids":["image-1"]}`},
		{"POST", "/dead-letters/discard", `{"ids":["image-1"]}`},
		{"GET", "/dead-letters/jobs", ""},
		{"GET", "/dead-letters/jobs/1", ""},
		{"POST", "/dead-letters/jobs/1/abort", ""},
		{"POST", "/images/refresh", `{"all":true}`},
		{"GET", "/images/refresh/1", ""},
		{"POST", "/images/refresh/1/abort", ""},
		{"GET", "/queue", ""},
		{"GET", "/queue/history", ""},
		{"GET", "/consistency", ""},
		{"GET", "/hosts", ""},
		{"GET", "/exports?user_id=1", ""},
		{"GET", "/imports", ""},
		{"GET", "/imports/1", ""},
		{"GET", "/imports/1/results", ""},
		{"POST", "/imports/1/pause", ""},
		{"POST", "/imports/1/resume", ""},
		{"POST", "/imports/1/cancel", ""},
	} {
		w := s.send(s.request(call[0], call[1], call[2]).WithContext(ended))
		wantProblem(t, w, http.StatusServiceUnavailable)
		wantHeader(t, w, "Retry-After", "5")
	}
}

// TestBodiesThatAreRefused: every operation with a body refuses it alike.
func TestBodiesThatAreRefused(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	path := s.create(smartphone)
	for _, call := range [][2]string{
		{"POST", "/products"},
		{"POST", "/products/bulk"},
		{"PATCH", path},
		{"PUT", "/products/external/SKU"},
		{"POST", path + "/images"},
		{"PATCH", path + "/images/1"},
		{"POST", "/dead-letters/replay"},
		{"POST", "/dead-letters/discard"},
		{"POST", "/images/refresh"},
		{"POST", "/users"},
		{"PATCH", "/users/1"},
		{"POST", "/keys"},
		{"POST", "/keys/1/rotate"},
		{"POST", "/uploads"},
		{"POST", "/webhooks"},
		{"PATCH", "/webhooks/1"},
		{"POST", "/webhooks/1/test"},
		{"POST", "/webhooks/1/rotate-secret"},
		{"POST", "/webhooks/1/redeliver"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), call[0], call[1], io.MultiReader(strings.NewReader("{"), iotest.ErrReader(os.ErrDeadlineExceeded)))
		r.Header.Set("Content-Type", "application/json")
		wantProblem(t, s.send(r), http.StatusRequestTimeout)
		most := 1 << 20
		if call[1] == "/products/bulk" {
			most = 16 << 20
		}
		wantProblem(t, s.do(call[0], call[1], strings.Repeat(" ", most+1)), http.StatusRequestEntityTooLarge)
		wantProblem(t, s.do(call[0], call[1], "{}", "Content-Type", "text/plain"), http.StatusUnsupportedMediaType)
	}
}

// TestDefectsAreAnswered: an error that nothing has foreseen is 500.
func TestDefectsAreAnswered(t *testing.T) {
	t.Parallel()
	s := newSetup(t) // which has no dead letters
	s.store.Fail(errTest)
	wantProblem(t, s.do("GET", "/products?user_id=1", ""), http.StatusInternalServerError)
	for _, action := range []string{"replay", "discard"} {
		wantProblem(t, s.do("POST", "/dead-letters/"+action, `{"ids":["image-1"]}`), http.StatusInternalServerError)
	}
}

// TestAbortOfAJobThatIsDone is too late.
func TestAbortOfAJobThatIsDone(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	s.fail(fault.SourceTimeout, "a.example", 1)
	wantStatus(t, s.do("POST", "/dead-letters/discard", `{"filter":{"host":"a.example"},"rate":1}`), http.StatusAccepted)
	j, err := s.db.LeaseJob(t.Context(), "h", time.Minute)
	for err == nil && j.State == job.Running {
		j, _, err = s.db.AdvanceJob(t.Context(), job.Batch{JobID: j.ID, Holder: "h", Limit: 9, Lease: time.Minute})
	}
	if err != nil {
		t.Fatal(err)
	}
	wantProblem(t, s.do("POST", "/dead-letters/jobs/1/abort", ""), http.StatusConflict)
}
