package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/httpapi/guard"
	"vitrine.dev/internal/job"
)

// TestRefreshImages: a job is made of whatever is selected, and nothing in a dry run.
func TestRefreshImages(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	product, images := s.ready("shop.example", 3)
	s.ready("other.example", 2)
	s.fail("source_not_found", "shop.example", 1)
	for body, want := range map[string]int{
		`{"all":true,"dry_run":true}`:                                         5,
		`{"filter":{},"all":true,"dry_run":true,"rate":9}`:                    5,
		`{"filter":{"host":"SHOP.example"},"dry_run":true}`:                   3,
		`{"filter":{"user_id":2},"dry_run":true}`:                             0,
		`{"filter":{"product_ids":[4711,1,1]},"dry_run":true}`:                3,
		`{"filter":{"updated_before":"2020-01-01T00:00:00Z"},"dry_run":true}`: 0,
	} {
		wantBody(t, s.do("POST", "/images/refresh", body), fmt.Sprintf(`{"matched":%d,"dry_run":true}`, want))
	}
	w := s.do("POST", "/images/refresh", `{"filter":{"host":"shop.example","updated_before":"2100-01-01T00:00:00Z"},"rate":5}`)
	wantStatus(t, w, http.StatusAccepted)
	const path = "/images/refresh/1"
	wantHeader(t, w, "Location", path)
	made := strings.TrimSpace(w.Body.String())
	const start = `{"id":1,"filter":{"host":"shop.example","updated_before":"2100-01-01T00:00:00Z"},"rate":5,"total":3,"done":0,"state":"running","created_at":"20`
	if !strings.HasPrefix(made, start) || s.wakes.Load() != 1 {
		t.Errorf("job is %s, %d wakes", made, s.wakes.Load())
	}
	wantBody(t, s.do("GET", path, ""), made)
	j, err := s.db.LeaseJob(t.Context(), "h", time.Minute)
	if err == nil {
		j, err = s.db.AdvanceRefresh(t.Context(), job.Batch{JobID: j.ID, Holder: "h", Limit: 2, Lease: time.Minute})
	}
	if err != nil || j.Done != 2 {
		t.Fatalf("step: %+v, %v", j, err)
	}
	for range 2 {
		w = s.do("POST", path+"/abort", "")
		wantStatus(t, w, http.StatusOK)
		if !strings.Contains(w.Body.String(), `"done":2,"state":"aborted"`) {
			t.Errorf("aborted job is %s", w.Body)
		}
	}
	if s.waiting(images[0]) != 1 || s.waiting(images[1]) != 1 || s.waiting(images[2]) != 0 {
		t.Error("other images wait than the job has come to")
	}
	if img := imageOf(t, s.do("GET", fmt.Sprintf("/products/%d/images/%d", product, images[0]), "").Body.Bytes()); img.Status != "ready" || img.Compressed == nil {
		t.Errorf("an image that waits shows %+v", img)
	}
}

// TestRefreshJobsAreNoOthers: each kind of job is found at its own path only.
func TestRefreshJobsAreNoOthers(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	s.fail("source_not_found", "gone.example", 1)
	wantStatus(t, s.do("POST", "/images/refresh", `{"all":true}`), http.StatusAccepted)
	wantStatus(t, s.do("POST", "/dead-letters/replay", `{"all":true,"rate":1}`), http.StatusAccepted)
	for _, path := range []string{"/dead-letters/jobs/1", "/images/refresh/2", "/images/refresh/77"} {
		wantProblem(t, s.do("GET", path, ""), http.StatusNotFound)
		wantProblem(t, s.do("POST", path+"/abort", ""), http.StatusNotFound)
	}
	if w := s.do("GET", "/dead-letters/jobs", ""); strings.Count(w.Body.String(), `"state"`) != 1 {
		t.Errorf("jobs of dead letters: %s", w.Body)
	}
	j, err := s.db.LeaseJob(t.Context(), "h", time.Minute)
	if err == nil {
		j, err = s.db.AdvanceRefresh(t.Context(), job.Batch{JobID: j.ID, Holder: "h", Limit: 9, Lease: time.Minute})
	}
	if err != nil || j.State != job.Done {
		t.Fatalf("a job over nothing is %+v, %v", j, err)
	}
	wantProblem(t, s.do("POST", "/images/refresh/1/abort", ""), http.StatusConflict)
	wantProblem(t, s.do("GET", "/images/refresh/x", ""), http.StatusUnprocessableEntity)
	wantProblem(t, s.do("POST", "/images/refresh/0/abort", ""), http.StatusUnprocessableEntity)
}

func TestRefreshImagesRefuses(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	s.ready("shop.example", 1)
	const id = " must be an integer from 1 to 9007199254740991"
	for body, want := range map[string][]string{
		`{}`:                                 {"filter must be given, or all: true for every image"},
		`{"filter":null}`:                    {"filter must be given, or all: true for every image"},
		`{"filter":{}}`:                      {"filter is empty and selects every image: say so with all: true"},
		`{"filter":{"host":"x"},"all":true}`: {"all is for an empty filter only"},
		`{"filter":"shop.example"}`:          {"filter must be an object, not a string"},
		`{"filter":{"product_ids":[]}}`:      {"filter.product_ids must not be empty"},
		`{"filter":{"product_ids":7}}`:       {"filter.product_ids must be an array of ids of products, not a number"},
		`{"filter":{"product_ids":[1,0,-3,"4"],"user_id":0,"host":"http://x/"}}`: {
			"filter.host must be the host of a URL, such as example.com", "filter.product_ids[1]" + id, "filter.product_ids[2]" + id,
			"filter.product_ids[3] must be an integer, not a string", "filter.user_id" + id,
		},
		`{"filter":{"product_ids":[` + strings.Repeat("1,", 1000) + `1]}}`: {"filter.product_ids must have at most 1000 entries"},
		`{"filter":{"updated_before":"24h","reason":"x"}}`: {
			"filter.reason is not a known field", "filter.updated_before must be an RFC 3339 time such as 2026-11-23T06:00:00Z",
		},
		`{"all":true,"rate":0}`:      {"rate must be an integer from 1 to 100000"},
		`{"all":true,"rate":100001}`: {"rate must be an integer from 1 to 100000"},
		`{"all":true,"ids":[1]}`:     {"ids is not a known field"},
	} {
		got := wantProblem(t, s.do("POST", "/images/refresh", body), http.StatusUnprocessableEntity).errors()
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%.60s: errors = %q, want %q", body, got, want)
		}
	}
	wantProblem(t, s.do("POST", "/images/refresh", `{"all":`), http.StatusBadRequest)
	if s.wakes.Load() != 0 {
		t.Error("a job was made")
	}
}

// TestRefreshIsScoped: whoever asks has its own images fetched again, and operators those of
// all; a job of an operator is not ended by the user whose images it is about.
func TestRefreshIsScoped(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, openSQLite(t))
	m.ready()
	own, foreign := m.key(m.owner, auth.ImagesRetry).Secret, m.key(m.other, auth.ImagesRetry).Secret
	operator, admin := m.key(m.other, auth.Operator).Secret, m.key(m.other, auth.Admin).Secret
	const count = `{"all":true,"dry_run":true}`
	ofOwner := fmt.Sprintf(`{"filter":{"user_id":%d}}`, m.owner)
	for name, c := range map[string]struct {
		secret string
		want   int
		acting []string
	}{
		"own": {own, 1, nil}, "foreign": {foreign, 0, nil}, "operator": {operator, 1, nil},
		"admin for the owner": {admin, 1, []string{guard.HeaderUser, strconv.FormatInt(m.owner, 10)}},
		"admin for itself":    {admin, 0, []string{guard.HeaderUser, strconv.FormatInt(m.user(), 10)}},
	} {
		w := m.as(c.secret, http.MethodPost, "/images/refresh", count, c.acting...)
		if want := fmt.Sprintf("{\"matched\":%d,\"dry_run\":true}\n", c.want); w.Body.String() != want {
			t.Errorf("%s: %s, want %s", name, w.Body, want)
		}
	}
	wantStatus(t, m.as(foreign, http.MethodPost, "/images/refresh", ofOwner), http.StatusForbidden)
	w := m.as(operator, http.MethodPost, "/images/refresh", ofOwner)
	wantStatus(t, w, http.StatusAccepted)
	path := w.Header().Get("Location")
	wantStatus(t, m.as(own, http.MethodGet, path, ""), http.StatusOK)
	wantStatus(t, m.as(own, http.MethodPost, path+"/abort", ""), http.StatusForbidden)
	wantStatus(t, m.as(operator, http.MethodPost, path+"/abort", ""), http.StatusOK)
}
