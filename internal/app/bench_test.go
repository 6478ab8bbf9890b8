package app

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"vitrine.dev/internal/app/config"
	"vitrine.dev/internal/cache/readthrough"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/imaging/imagingtest"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/queue"
)

// BenchmarkImageJob takes one photo of 12 megapixels all the way: fetched over
// loopback, rendered, stored on disk, completed in SQLite. Every photo has
// other bytes, so that each is rendered.
func BenchmarkImageJob(b *testing.B) {
	photo := imagingtest.Photo(4000, 3000, 1)
	source := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		comment := strings.TrimPrefix(r.URL.Path, "/")
		_, _ = w.Write(append(append([]byte{}, photo[:2]...), 0xff, 0xfe, 0, byte(2+len(comment))))
		_, _ = w.Write([]byte(comment))
		_, _ = w.Write(photo[2:])
	}))
	defer source.Close()

	cfg, err := config.Parse(map[string]string{"DATA_DIR": b.TempDir(), "FETCH_ALLOW_PRIVATE": "true", "IMAGE_ISOLATION": "none"})
	if err != nil {
		b.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	var held closers
	defer held.close(log)
	p := &process{cfg: cfg, role: roleNamed("serve"), log: log}
	if err := p.open(b.Context(), &held); err != nil {
		b.Fatal(err)
	}
	if _, err := p.store.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	fetcher := newFetcher(cfg, &held)
	renderer, err := newRenderer(b.Context(), cfg, log)
	if err != nil {
		b.Fatal(err)
	}
	downloads, err := newSpool(cfg, 1<<20)
	if err != nil {
		b.Fatal(err)
	}
	worker := media.NewWorker(media.Parts{
		Store: p.store, Fetcher: fetcher, Spool: downloads, Renderer: renderer, Blobs: p.blobs,
		Announce: catalog.NewViews(readthrough.Disabled(), catalog.FixedEpoch("e"), log), Log: log,
	}, media.DefaultWorkerConfig(64, 1))

	b.SetBytes(int64(len(photo)))
	for i := 0; b.Loop(); i++ {
		product, err := p.store.CreateProduct(b.Context(), catalog.NewProduct{
			UserID: 1, Name: "bench", Images: []string{fmt.Sprintf("%s/%d", source.URL, i)},
		})
		if err != nil {
			b.Fatal(err)
		}
		job := media.Job{ImageID: product.Images[0].ID, ProductID: product.ID, Generation: 1}
		if err := worker.Handle(b.Context(), queue.Message{Body: job.Encode()}); err != nil {
			b.Fatal(err)
		}
		done, err := p.store.Product(b.Context(), product.ID)
		if err != nil || done.Images[0].Status != catalog.Ready {
			b.Fatalf("image is %+v, %v", done.Images, err)
		}
	}
}
