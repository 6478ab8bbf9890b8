package httpapi_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/processes"
)

// ready creates a product of n images, which are ready.
func (s *deadSetup) ready(host string, n int) (product int64, images []int64) {
	s.t.Helper()
	return s.attempted(host, n, func(c media.Claim) error {
		_, err := s.db.Complete(s.t.Context(), c, catalog.Rendition{
			Key: "aa", Width: 9, Height: 9, SourceBytes: 9,
			Compressed: catalog.Output{Key: "aa/compressed.jpg", Format: "jpeg", Width: 9, Height: 9, Bytes: 9},
		}, func() *processes.Report { return nil })
		return err
	})
}

// TestRefreshImage: a ready image is fetched again, once however often that is asked for,
// and shows what it did; others are not.
func TestRefreshImage(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	product, images := s.ready("shop.example", 1)
	image := fmt.Sprintf("/products/%d/images/%d", product, images[0])
	before := s.do(http.MethodGet, fmt.Sprintf("/products/%d", product), "")
	for range 2 {
		w := s.do(http.MethodPost, image+"/refresh", "")
		wantStatus(t, w, http.StatusAccepted)
		wantHeader(t, w, "ETag", before.Header().Get("ETag"))
		if img := imageOf(t, w.Body.Bytes()); img.Status != "ready" || img.Compressed == nil || img.HTML == "" {
			t.Errorf("the image is %+v", img)
		}
	}
	after := s.do(http.MethodGet, fmt.Sprintf("/products/%d", product), "")
	if after.Header().Get("ETag") != before.Header().Get("ETag") || s.waiting(images[0]) != 1 {
		t.Errorf("%s became %s, with %d works on it", before.Header().Get("ETag"), after.Header().Get("ETag"), s.waiting(images[0]))
	}
	request, plan := dispatch.Single(time.Hour, dispatch.LineWindow, dispatch.LineWindow)
	step, err := s.db.DispatchStep(t.Context(), request, plan)
	if err != nil || len(step.Jobs) != 1 {
		t.Fatalf("dispatched %+v, %v", step, err)
	}
	c, err := s.db.Begin(t.Context(), step.Jobs[0], time.Minute)
	if err == nil {
		_, err = s.db.Fail(t.Context(), c, fault.Fail(fault.SourceNotFound, "There is none.", nil))
	}
	if err != nil {
		t.Fatal(err)
	}
	if img := imageOf(t, s.do(http.MethodGet, image, "").Body.Bytes()); img.Status != "ready" || img.RefreshError != "source_not_found" || img.Compressed == nil {
		t.Errorf("after a refresh that failed: %+v", img)
	}
	failed, more := s.fail("source_not_found", "gone.example", 1)
	wantProblem(t, s.do(http.MethodPost, fmt.Sprintf("/products/%d/images/%d/refresh", failed, more[0]), ""), http.StatusConflict)
	for _, path := range []string{fmt.Sprintf("/products/%d/images/4711", product), fmt.Sprintf("/products/4711/images/%d", images[0])} {
		wantProblem(t, s.do(http.MethodPost, path+"/refresh", ""), http.StatusNotFound)
	}
}

// waiting is how many works on the image there are.
func (s *deadSetup) waiting(image int64) (n int) {
	s.t.Helper()
	if err := s.db.Reader.QueryRowContext(s.t.Context(), `SELECT count(*) FROM images WHERE id = $1 AND stage IS NOT NULL`, image).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}
