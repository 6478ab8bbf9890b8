package httpapi_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/processes"
)

// TestEditorAmidProgress: an editor who sends back the entity tag of what was
// read is not refused because pictures became ready meanwhile, 50 of them here,
// but because someone else has edited the product. A reader sees each of them.
func TestEditorAmidProgress(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	urls := make([]string, catalog.MaxImages)
	for i := range urls {
		urls[i] = fmt.Sprintf(`"https://example.com/%d.jpg"`, i)
	}
	path := s.create(with("product_images", "["+strings.Join(urls, ",")+"]"))
	claims := make(chan media.Claim, len(urls))
	request, plan := dispatch.Single(time.Hour, len(urls), len(urls))
	taken, err := s.db.DispatchStep(t.Context(), request, plan)
	if err != nil || len(taken.Jobs) != len(urls) {
		t.Fatalf("%d jobs, %v", len(taken.Jobs), err)
	}
	for _, j := range taken.Jobs {
		c, err := s.db.Begin(t.Context(), j, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		claims <- c
	}
	close(claims)

	// With every read one more may become ready, before the edit, during it or after.
	read := make(chan struct{})
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for c := range claims {
				<-read
				changed, err := s.db.Complete(t.Context(), c, catalog.Rendition{
					Key: fmt.Sprintf("aa%d", c.ImageID), Width: 9, Height: 9, SourceBytes: 9,
					Compressed: catalog.Output{Key: fmt.Sprintf("aa%d/compressed.jpg", c.ImageID), Format: "jpeg", Width: 9, Height: 9, Bytes: 9},
				}, func() *processes.Report { return nil })
				if err != nil {
					t.Errorf("complete image %d: %v", c.ImageID, err)
				}
				s.views.Announce(t.Context(), changed)
			}
		})
	}
	tags := map[string]bool{}
	var first string
	for edit := range len(urls) {
		tag := s.do(http.MethodGet, path, "").Header().Get("ETag")
		first = cmp.Or(first, tag)
		tags[tag] = true
		read <- struct{}{}
		w := s.do(http.MethodPatch, path, fmt.Sprintf(`{"product_description":"edit %d"}`, edit), "If-Match", tag)
		wantStatus(t, w, http.StatusOK)
	}
	workers.Wait()

	wantProblem(t, s.do(http.MethodPatch, path, `{"product_description":"too late"}`, "If-Match", first), http.StatusPreconditionFailed)
	w := s.do(http.MethodGet, path, "", "If-None-Match", first)
	wantStatus(t, w, http.StatusOK)
	var got struct {
		Version, Revision int64
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(w.Body.String(), `"status":"ready"`); n != len(urls) {
		t.Errorf("a reader sees %d images ready, want %d", n, len(urls))
	}
	if edits := int64(len(urls)); got.Version != 1+edits || got.Revision != 1+2*edits {
		t.Errorf("version %d and revision %d after %d edits and %[3]d images", got.Version, got.Revision, edits)
	}
	if len(tags) != len(urls) {
		t.Errorf("%d entity tags of %d answers", len(tags), len(urls))
	}
}
