package sandbox_test

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"vitrine.dev/internal/cache/readthrough"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/queue"
	"vitrine.dev/internal/spool"
	"vitrine.dev/internal/sqlstore"
)

type hanging struct{}

func (hanging) Fetch(_ context.Context, _ media.Source, into io.Writer) (media.Answer, error) {
	_, err := into.Write([]byte("hang"))
	return media.Answer{}, err
}

func (hanging) Put(context.Context, string, string, []byte) error { return nil }

// TestHangingDecoderEndsAtTheJobTimeout: a worker gets its attempt back from a
// decoder that hangs, long before the sandbox's own limit.
func TestHangingDecoderEndsAtTheJobTimeout(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: its processes take seconds to start")
	}
	log := slog.New(slog.DiscardHandler)
	store, err := sqlstore.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "test.db"), log)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if _, err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	p, err := store.CreateProduct(t.Context(), catalog.NewProduct{UserID: 1, Name: "Lamp", Images: []string{"http://a/1.jpg"}})
	if err != nil {
		t.Fatal(err)
	}
	cfg := media.DefaultWorkerConfig(64, 1)
	cfg.JobTimeout = time.Second
	worker := media.NewWorker(media.Parts{
		Store: store, Fetcher: hanging{}, Spool: spool.New(t.TempDir(), 1<<20), Blobs: hanging{}, Log: log, Announce: catalog.NewViews(readthrough.Disabled(), catalog.FixedEpoch("e"), log),
		Renderer: newFaulty(t, nil),
	}, cfg)
	began := time.Now()
	request, plan := dispatch.Single(time.Minute, 1, 1)
	step, err := store.DispatchStep(t.Context(), request, plan)
	if err != nil || len(step.Jobs) != 1 {
		t.Fatalf("%d jobs dispatched, %v", len(step.Jobs), err)
	}
	if err := worker.Handle(t.Context(), queue.Message{ID: "1", Body: step.Jobs[0].Encode()}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("the attempt took %s", took)
	}
	after, err := store.Product(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if img := after.Images[0]; img.Status != catalog.Pending || img.Problem == nil || img.Problem.Reason != fault.DecoderCrashed {
		t.Errorf("the image is %+v, want it pending for %s", img, fault.DecoderCrashed)
	}
}
