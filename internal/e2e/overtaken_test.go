package e2e_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"vitrine.dev/internal/systemtest"
)

// TestOvertakenCompletion changes and deletes products while their images are
// being worked on: what then comes to be completed is not published. Its files
// stay behind for the collection of orphans, and no one is alarmed.
func TestOvertakenCompletion(t *testing.T) {
	t.Parallel()
	w, src := systemtest.NewSystem(t), systemtest.NewSource(t)
	w.Env["FETCH_TIMEOUT"] = "10m"
	p := systemtest.Start(t, "serve", w.Env)
	c := p.Client()
	c.Finished(c.Create("The host answers", src.URL+"/n/100")) // so it is asked for more than one at once
	var paths []string
	for i := range 3 {
		paths = append(paths, c.Create(fmt.Sprintf("Lamp%d", i), fmt.Sprintf("%s/held/%d", src.URL, i)))
	}
	for range paths {
		<-src.Held
	}
	patch := func(path, images string) {
		t.Helper()
		resp, body := c.Do(http.MethodPatch, path,
			map[string]string{"Content-Type": "application/merge-patch+json"}, `{"product_images":[`+images+`]}`)
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("PATCH answered %d %s", resp.StatusCode, body)
		}
	}
	removed, replaced, deleted := paths[0], paths[1], paths[2]
	patch(removed, "")
	patch(replaced, `"`+src.URL+`/n/100"`)
	if resp, body := c.Do(http.MethodDelete, deleted, nil, ""); resp.StatusCode != http.StatusNoContent {
		t.Fatalf("DELETE answered %d %s", resp.StatusCode, body)
	}
	before := c.Finished(replaced)
	revisions := w.Number(`SELECT sum(revision) FROM products`)
	src.Release()
	systemtest.Eventually(t, "three late completions", func() bool { return p.Count(superseded) == 3 })

	if got := c.Product(removed); len(got.Images) != 0 || len(got.CompressedImages) != 0 {
		t.Errorf("a removed image came back: %+v", got)
	}
	if got := c.Product(replaced); !slices.Equal(got.CompressedImages, before.CompressedImages) || len(got.Images) != 1 {
		t.Errorf("the new image went from %+v to %+v", before, got)
	}
	if resp, _ := c.Do(http.MethodGet, deleted, nil, ""); resp.StatusCode != http.StatusNotFound {
		t.Errorf("the deleted product answers %d", resp.StatusCode)
	}
	if v := w.Number(`SELECT sum(revision) FROM products`); v != revisions {
		t.Errorf("late completions moved revisions from %d to %d in sum", revisions, v)
	}
	if n := w.Number(`SELECT count(*) FROM renditions`); n != 1 {
		t.Errorf("%d renditions are published, want that of the new image", n)
	}
	live := names(before.Images[0])
	if stored := w.Objects(); len(stored) != 4*len(live) || !slices.Contains(stored, live[0]) {
		t.Errorf("stored are %v, want the files of %v and of three orphans", stored, live)
	}
	alarm := func(l systemtest.LogLine) bool {
		return l["image"] != nil && (l["level"] == "ERROR" || l["level"] == "WARN")
	}
	if n := p.Count(alarm); n > 0 {
		t.Errorf("%d lines of the log give alarm for an image", n)
	}
	w.AwaitNoWork()
	w.AwaitConsumed(p)
	p.Stop()
	if n := w.Queued(); n != 0 {
		t.Errorf("%d messages are left in the queues", n)
	}
}
