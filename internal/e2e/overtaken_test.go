package e2e_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
)

// TestOvertakenCompletion changes and deletes products while their images are
// being worked on: what then comes to be completed is not published. Its files
// stay behind for the collection of orphans, and nobody is alarmed.
func TestOvertakenCompletion(t *testing.T) {
	t.Parallel()
	w, src := newWorld(t), newHeldSource(t)
	p := start(t, "serve", w.env)
	c := client{t, p.url()}
	var paths []string
	for i := range 3 {
		paths = append(paths, fmt.Sprintf("/products/%d", c.create(fmt.Sprintf("Lamp%d", i), fmt.Sprintf("%s/held/%d", src.URL, i))))
	}
	for range paths {
		<-src.asked
	}
	patch := func(path, images string) {
		t.Helper()
		resp, body := c.do(http.MethodPatch, path,
			map[string]string{"Content-Type": "application/merge-patch+json"}, `{"product_images":[`+images+`]}`)
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("PATCH answered %d %s", resp.StatusCode, body)
		}
	}
	removed, replaced, deleted := paths[0], paths[1], paths[2]
	patch(removed, "")
	patch(replaced, `"`+src.URL+`/n/100"`)
	if resp, body := c.do(http.MethodDelete, deleted, nil, ""); resp.StatusCode != http.StatusNoContent {
		t.Fatalf("DELETE answered %d %s", resp.StatusCode, body)
	}
	before := c.settled(replaced)
	versions := w.number(t, `SELECT sum(version) FROM products`)
	src.release()
	eventually(t, "three late completions", func() bool { return p.count(superseded) == 3 })

	if got := c.product(removed); len(got.Details) != 0 || len(got.CompressedImages) != 0 {
		t.Errorf("a removed image came back: %+v", got)
	}
	if got := c.product(replaced); !slices.Equal(got.CompressedImages, before.CompressedImages) || len(got.Details) != 1 {
		t.Errorf("the new image went from %+v to %+v", before, got)
	}
	if resp, _ := c.do(http.MethodGet, deleted, nil, ""); resp.StatusCode != http.StatusNotFound {
		t.Errorf("the deleted product answers %d", resp.StatusCode)
	}
	if v := w.number(t, `SELECT sum(version) FROM products`); v != versions {
		t.Errorf("late completions moved versions from %d to %d in sum", versions, v)
	}
	if n := w.number(t, `SELECT count(*) FROM renditions`); n != 1 {
		t.Errorf("%d renditions are published, want that of the new image", n)
	}
	live := names(before.Details[0])
	if stored := w.objects(t); len(stored) != 4*len(live) || !slices.Contains(stored, live[0]) {
		t.Errorf("stored are %v, want the files of %v and of three orphans", stored, live)
	}
	alarm := func(l logLine) bool { return l["image"] != nil && (l["level"] == "ERROR" || l["level"] == "WARN") }
	if n := p.count(alarm); n > 0 {
		t.Errorf("%d lines of the log give alarm for an image", n)
	}
	w.emptied(t)
	w.passThrough(t, p)
	p.stop()
	if n := w.queued(t); n != 0 {
		t.Errorf("%d messages are left in the queues", n)
	}
}
