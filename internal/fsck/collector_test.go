package fsck_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/logtest"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/sqlstore/storetest"
)

// TestCollector: turns cover all of the storage, once each.
func TestCollector(t *testing.T) {
	t.Parallel()
	for shape, open := range shapes() {
		t.Run(shape, func(t *testing.T) {
			t.Parallel()
			w := open(t)
			kept, gone := w.create(1), w.create(2)
			w.finish(kept, gone)
			_, err := w.store.DeleteProduct(t.Context(), gone.ID, storetest.Unchecked)
			must(t, err)
			for _, digits := range []string{"00", "0f", "7f", "ff"} {
				w.put(digits+"/"+digits+"000000000000000000000000000001/w320.webp", []byte("left behind"))
			}
			collector := gc.NewCollector(w.store, w.blobs, time.Millisecond, gc.Config{}, quiet)
			files, results := int64(0), int64(0)
			for _, report := range turns(t, collector, gc.Turns) {
				files += report.Of(gc.OrphanObject).Repaired
				results += report.Of(gc.UnusedRendition).Repaired
			}
			if files != 4 || results != 1 {
				t.Errorf("%d files and %d results were collected, want 4 and 1", files, results)
			}
			if report := w.check(false); !report.Clean() {
				t.Errorf("after the collection: %+v", report)
			}
			w.finish(kept)
			again := w.create(2) // the same content as was collected
			w.finish(again)
		})
	}
}

// usedAgain is a database in which what is to be deleted has just come into use.
type usedAgain struct{ *sqlstore.Store }

func (usedAgain) BeginDelete(context.Context, string, time.Duration, time.Duration) (gc.Window, error) {
	return gc.Window{}, fault.New(fault.Conflict, "an image refers to it")
}

// turns takes n turns of the collector, each as soon as it is due, and returns what each has reported.
func turns(t *testing.T, collector *gc.Collector, n int) (reports []*gc.Report) {
	t.Helper()
	for len(reports) < n {
		report, err := collector.Turn(t.Context())
		if report == nil {
			must(t, err)
			continue // not due yet
		}
		reports = append(reports, report)
	}
	return reports
}

func (w *system) round() gc.Round {
	w.t.Helper()
	runs, err := w.store.LastRuns(w.t.Context())
	must(w.t, err)
	return gc.Summarize(runs).Round
}

// TestRound: what the turns of a round find and look at is in one of them.
func TestRound(t *testing.T) {
	t.Parallel()
	w := embedded(t)
	gone := w.create(2)
	w.finish(gone)
	_, err := w.store.DeleteProduct(t.Context(), gone.ID, storetest.Unchecked)
	must(t, err)
	for i := range 40 {
		w.putUpload(blob.UploadKey(fmt.Sprintf("sent%d", i)), "a picture")
		w.putUpload(blob.ImportKey(fmt.Sprintf("sent%d", i)), "rows")
	}
	objects := int64(len(w.objects()))
	must(t, gc.NewFiles(w.store, w.blobs, gc.Config{}).MarkUnused(t.Context(), 0, gc.Partitions))
	collector := gc.NewCollector(usedAgain{w.store}, w.blobs, time.Millisecond, gc.Config{UploadLife: time.Hour}, quiet)
	reports := turns(t, collector, gc.Turns-1)
	if r := w.round(); r.Turns != gc.Turns-1 || r.Report.ComparedAll() || r.Report.Clean() {
		t.Errorf("before its end the round is %+v", r)
	}
	reports = append(reports, turns(t, collector, 1)...)
	for _, report := range reports {
		if report.ComparedAll() || report.Clean() || report.Checked["objects"] > objects/2 {
			t.Errorf("a turn has looked at %+v, of %d files", report, objects)
		}
	}
	r := w.round()
	if got := r.Report.Of(gc.UnusedRendition); r.Turns != gc.Turns || got.Count != 1 || r.Report.Checked["objects"] != objects || !r.Report.ComparedAll() || r.Report.Clean() {
		t.Errorf("of one rendition and %d files the round has %+v", objects, r)
	}
}

// TestAbandoned: each turn collects its share of what clients have sent and forgotten; what a turn that fails should have
// collected is collected in the next round, and that turn does not count.
func TestAbandoned(t *testing.T) {
	t.Parallel()
	w := embedded(t)
	const sent = 200
	for i := range sent {
		w.putUpload(blob.UploadKey(fmt.Sprintf("left%d", i)), "sent, and never completed")
		w.putUpload(blob.ImportKey(fmt.Sprintf("left%d", i)), "stored, and never added")
	}
	const fails = 5
	storage := &failing{Blobs: w.blobs}
	collector := gc.NewCollector(w.store, storage, time.Millisecond, gc.Config{}, quiet)
	var deleted int64
	for i := range gc.Turns {
		storage.fails = i == fails
		n := turns(t, collector, 1)[0].Of(gc.OrphanObject).Repaired
		if deleted += n; (n == 0) != storage.fails || n > sent/2 {
			t.Errorf("turn %d has collected %d of %d files", i, n, 2*sent)
		}
	}
	if r := w.round(); r.Turns != gc.Turns-1 || r.Report.ComparedAll() || r.Report.Of(gc.OrphanObject).Count != deleted {
		t.Errorf("with a turn that failed the round is %+v", r)
	}
	left := int64(len(w.objects()))
	for i, report := range turns(t, collector, gc.Turns) {
		if n := report.Of(gc.OrphanObject).Repaired; i == fails && n != left || i != fails && n != 0 {
			t.Errorf("turn %d of the second round has collected %d of %d files", i, n, left)
		}
	}
	if r := w.round(); left == 0 || deleted+left != 2*sent || len(w.objects()) > 0 || r.Turns != gc.Turns || !r.Report.Clean() {
		t.Errorf("%d and %d files were collected, %d are left; the round is %+v", deleted, left, len(w.objects()), r)
	}
}

// failing is a storage that cannot list what clients have sent while it fails.
type failing struct {
	gc.Blobs

	fails bool
}

func (f *failing) List(ctx context.Context, prefix string, visit func(blob.Info) error) error {
	if f.fails && (prefix == blob.Uploads || prefix == blob.Imports) {
		return fault.New(fault.Unavailable, "the storage does not answer")
	}
	return f.Blobs.List(ctx, prefix, visit)
}

// TestCollectorSeesDamage: what the collector finds missing or damaged it
// reports, and leaves to the operator.
func TestCollectorSeesDamage(t *testing.T) {
	t.Parallel()
	w := embedded(t)
	whole, lost, cut := w.create(1), w.create(2), w.create(3)
	w.finish(whole, lost, cut)
	rendered := func(id int64) catalog.Output { return w.read(id).Images[0].Rendition.Compressed }
	must(t, w.blobs.Delete(t.Context(), rendered(lost.ID).Key))
	must(t, w.blobs.Delete(t.Context(), rendered(cut.ID).Key))
	must(t, w.blobs.Put(t.Context(), rendered(cut.ID).Key, "image/jpeg", []byte("cut")))

	var log logtest.Buffer
	collector := gc.NewCollector(w.store, w.blobs, time.Millisecond, gc.Config{Grace: time.Hour}, slog.New(slog.NewJSONHandler(&log, nil)))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- collector.Run(ctx) }()
	missing, wrong := false, false
	for deadline := time.After(time.Minute); !missing || !wrong; {
		select {
		case <-deadline:
			t.Fatalf("not reported: %s", log.String())
		case <-time.After(5 * time.Millisecond):
		}
		missing = strings.Contains(log.String(), `"missing":1,"missing_samples":["`+rendered(lost.ID).Key)
		wrong = strings.Contains(log.String(), `"wrong_size":1,"wrong_size_samples":["`+rendered(cut.ID).Key)
	}
	stop()
	must(t, <-ended)
	if status := w.read(lost.ID).Images[0].Status; status != catalog.Ready {
		t.Errorf("the image is %s: the collector repairs nothing", status)
	}
	if text := log.String(); strings.Contains(text, rendered(whole.ID).Key) || !strings.Contains(text, `"level":"WARN"`) {
		t.Errorf("it logged %s", text)
	}
}
