package bench_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"vitrine.dev/internal/bench/limit"
	"vitrine.dev/internal/bench/report"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/imaging/imagingtest"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/systemtest"
)

// TestReady: from the answer of a create to its picture being ready, one at a time, minus what rendering took and
// four times what it takes to sync a block, in the same round.
func TestReady(t *testing.T) {
	r := begin(t)
	photo := imagingtest.Photo(1500, 1000, 1)
	source := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		_, _ = w.Write(systemtest.WithComment(photo, r.URL.Path)) // a file of its own, which is rendered
	}))
	t.Cleanup(source.Close)
	folder := t.TempDir()
	c := systemtest.Start(t, "serve", map[string]string{"DATA_DIR": folder, "LOG_LEVEL": "info"}).Client()
	var excess, whole, rendering, syncs []float64
	var took time.Duration // of the picture before
	for n := range 20 * r.rounds {
		synced := limit.Sync(t, folder)
		path := c.Create("One picture", fmt.Sprintf("%s/%d.jpg", source.URL, n))
		began := time.Now()
		image := awaitImage(t, c, path, took/2)
		took = time.Since(began)
		render := rendered(t, c, fmt.Sprintf("%s/images/%d/attempts", path, image))
		if n < r.rounds {
			continue // the first ones start what is started at need
		}
		ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
		whole, rendering, syncs = append(whole, ms(took)), append(rendering, ms(render)), append(syncs, ms(synced))
		excess = append(excess, ms(took-render-4*synced))
	}
	quantity := func(list []float64) report.Quantity { return report.Quantity{Value: median(list, itself), Unit: "ms"} }
	r.took(t, report.Figure{
		Name: "ready-embedded", What: "201 to ready, a photo of 1.5 MP, embedded", Limit: "nothing beside rendering and four syncs",
		Ours: quantity(excess), Value: quantity(excess).Value, Unit: "ms", Goal: 8, AtMost: true,
		Also: []report.Also{{Name: "whole", Ours: quantity(whole)}, {Name: "rendering", Ours: quantity(rendering)}, {Name: "a sync", Ours: quantity(syncs)}},
	})
}

// awaitImage asks four times a millisecond until the only image of the product is ready, and returns its id. It does not
// ask while it cannot be, as that takes CPU from the rendering.
func awaitImage(t *testing.T, c systemtest.Client, path string, notBefore time.Duration) int64 {
	t.Helper()
	began := time.Now()
	for time.Sleep(notBefore); ; time.Sleep(time.Millisecond / 4) {
		switch image := c.Product(path).Images[0]; {
		case image.Status == string(catalog.Ready):
			return image.ID
		case image.Status == string(catalog.Failed), time.Since(began) > systemtest.Patience:
			t.Fatalf("the image is %s", image.Status)
		}
	}
}

// rendered is how long rendering took in the only attempt. The API tells whole milliseconds, cut off: half of one more
// on the average.
func rendered(t *testing.T, c systemtest.Client, path string) time.Duration {
	t.Helper()
	var attempts wire.ImageAttempts
	c.Decode(c.Send(http.MethodGet, path, "", http.StatusOK), &attempts)
	if len(attempts.Data) == 1 {
		for _, step := range attempts.Data[0].Steps {
			if step.Name == string(media.StepRender) {
				return time.Duration(step.DurationMS)*time.Millisecond + time.Millisecond/2
			}
		}
	}
	t.Fatalf("the attempts are %+v", attempts)
	return 0
}
