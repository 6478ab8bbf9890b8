package fsck_test

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/blob/disk"
	"vitrine.dev/internal/blob/s3"
	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/cache/memory"
	"vitrine.dev/internal/cache/readthrough"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/fsck"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/imaging"
	"vitrine.dev/internal/imaging/imagingtest"
	"vitrine.dev/internal/installation"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/queue"
	"vitrine.dev/internal/spool"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/sqlstore/storetest"
	"vitrine.dev/internal/testserver"
)

// system is a whole installation in small, with a worker that a test steps by hand.
type system struct {
	t           *testing.T
	store       *sqlstore.Store
	db          *sql.DB // the same database, for damage that no code of ours would do
	blobs       blob.Store
	cache       cache.Cache
	views       *catalog.Views
	ready, dead queue.Depth
	work        *media.Worker
}

var quiet = slog.New(slog.DiscardHandler)

// shapes are the two ways to run it.
func shapes() map[string]func(*testing.T) *system {
	return map[string]func(*testing.T) *system{"embedded": embedded, "servers": servers}
}

func embedded(t *testing.T) *system {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vitrine.db")
	store, err := sqlstore.OpenSQLite(t.Context(), path, quiet)
	must(t, err)
	blobs, err := disk.New(filepath.Join(t.TempDir(), "images"), "http://localhost/images")
	must(t, err)
	t.Cleanup(func() { must(t, blobs.Close()) })
	return build(t, store, blobs, "sqlite", path)
}

func servers(t *testing.T) *system {
	t.Helper()
	dsn, bucket := testserver.Postgres(t), testserver.S3(t)
	store, err := sqlstore.OpenPostgres(t.Context(), storetest.PostgresConfig(t, dsn), quiet)
	must(t, err)
	blobs, err := s3.New(t.Context(), s3.Config{
		Bucket: bucket.Bucket, AccessKeyID: bucket.AccessKey, SecretAccessKey: bucket.SecretKey,
		Region: bucket.Region, Endpoint: bucket.Endpoint,
	})
	must(t, err)
	return build(t, store, blobs, "pgx", dsn)
}

func build(t *testing.T, store *sqlstore.Store, blobs blob.Store, driver, dsn string) *system {
	t.Helper()
	t.Cleanup(func() { must(t, store.Close()) })
	_, err := store.Migrate(t.Context())
	must(t, err)
	db, err := sql.Open(driver, dsn)
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	engine, err := memory.New(memory.DefaultConfig())
	must(t, err)
	t.Cleanup(func() { must(t, engine.Close()) })
	reader, err := readthrough.New(engine, readthrough.DefaultConfig(), quiet)
	must(t, err)
	settings := imaging.DefaultConfig()
	settings.Engine = imaging.EngineGo
	renderer, err := imaging.New(settings, quiet)
	must(t, err)
	w := &system{t: t, store: store, db: db, blobs: blobs, cache: engine, views: catalog.NewViews(reader, catalog.FixedEpoch("e"), quiet)}
	policy := media.DefaultWorkerConfig(64, 2)
	policy.Policy.Base = time.Millisecond
	w.work = media.NewWorker(media.Parts{
		Store: store, Fetcher: photos{}, Spool: spool.New(t.TempDir(), 1<<20), Renderer: renderer, Blobs: blobs, Log: quiet,
		Announce: catalog.NewViews(readthrough.Disabled(), catalog.FixedEpoch("e"), quiet), // so that the cache can be old
	}, policy)
	return w
}

// photos serves http://photos/N: another picture for every N.
type photos struct{}

func (photos) Fetch(_ context.Context, s media.Source, into io.Writer) (media.Answer, error) {
	n, err := strconv.Atoi(strings.TrimPrefix(s.URL, "http://photos/"))
	if err != nil {
		return media.Answer{}, fault.Fail(fault.SourceNotFound, "There is no such photo.", err)
	}
	_, err = into.Write(imagingtest.Photo(330+n, 240, uint64(n)))
	return media.Answer{}, err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *system) create(photos ...int) catalog.Product {
	w.t.Helper()
	urls := make([]string, len(photos))
	for i, n := range photos {
		urls[i] = "http://photos/" + strconv.Itoa(n)
	}
	p, err := w.store.CreateProduct(w.t.Context(), catalog.NewProduct{UserID: 1, Name: "Camera", Images: urls, Price: 100})
	must(w.t, err)
	return p
}

func (w *system) read(id int64) catalog.Product {
	w.t.Helper()
	p, err := w.store.Product(w.t.Context(), id)
	must(w.t, err)
	return p
}

func (w *system) exec(statement string, args ...any) {
	w.t.Helper()
	_, err := w.db.ExecContext(w.t.Context(), statement, args...)
	must(w.t, err)
}

// jobs dispatches what is due.
func (w *system) jobs() []queue.Message {
	w.t.Helper()
	request, plan := dispatch.Single(time.Hour, dispatch.LineWindow, dispatch.LineWindow)
	step, err := w.store.DispatchStep(w.t.Context(), request, plan)
	must(w.t, err)
	var list []queue.Message
	for _, j := range step.Jobs {
		list = append(list, queue.Message{Body: j.Encode()})
	}
	return list
}

// finish works until every image of the products is ready, and checks that
// the bytes of each are a picture of the size that the product says.
func (w *system) finish(products ...catalog.Product) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	for open := 1; open > 0; {
		for _, m := range w.jobs() {
			must(w.t, w.work.Handle(ctx, m))
		}
		open = 0
		for _, p := range products {
			for _, img := range w.read(p.ID).Images {
				if img.Status != catalog.Ready {
					open++
				}
			}
		}
		if ctx.Err() != nil {
			w.t.Fatalf("%d images did not become ready", open)
		}
	}
	for _, p := range products {
		for _, img := range w.read(p.ID).Images {
			for _, out := range append(img.Rendition.Variants, img.Rendition.Compressed) {
				w.decodes(out)
			}
		}
	}
}

func (w *system) decodes(out catalog.Output) {
	w.t.Helper()
	object, err := w.blobs.Open(w.t.Context(), out.Key)
	must(w.t, err)
	body, err := io.ReadAll(object.Body)
	must(w.t, errors.Join(err, object.Body.Close()))
	size := imagingtest.Decode(w.t, body).Bounds().Size()
	if int64(len(body)) != out.Bytes || size.X != out.Width || size.Y != out.Height {
		w.t.Errorf("%s has %d bytes and is %v, want %+v", out.Key, len(body), size, out)
	}
}

// check runs fsck without any grace.
func (w *system) check(repair bool) *fsck.Report {
	w.t.Helper()
	return w.checkWith(fsck.Config{Repair: repair, Policy: media.DefaultPolicy(), CacheLease: time.Millisecond})
}

func (w *system) checkWith(cfg fsck.Config) *fsck.Report {
	w.t.Helper()
	cfg.MayDelete, cfg.Epoch = w.mayDelete, "e"
	report, err := fsck.New(w.parts(), cfg).Run(w.t.Context())
	must(w.t, err)
	return report
}

// mayDelete looks at the storage's marker only.
func (w *system) mayDelete(ctx context.Context) error {
	record, _, err := w.store.Installation(ctx)
	if err != nil {
		return err
	}
	return installation.Check(ctx, installation.Storage, installation.StorageMarker{
		Files: w.blobs, Published: func(context.Context) (bool, error) { return false, nil },
		Ours: func(string) bool { return false },
	}, record.ID)
}

func (w *system) parts() fsck.Parts {
	return fsck.Parts{
		Store: w.store, Blobs: w.blobs, Cache: w.cache, Queue: w, Announce: w.views, Log: quiet,
	}
}

// Depth implements fsck.Depths.
func (w *system) Depth(_ context.Context, of queue.Source) (queue.Depth, error) {
	if of == queue.Dead {
		return w.dead, nil
	}
	return w.ready, nil
}

// found returns the counts of the report that are not zero.
func found(r *fsck.Report) map[gc.Kind]int64 {
	counts := map[gc.Kind]int64{}
	for _, f := range r.Findings {
		if f.Count > 0 {
			counts[f.Kind] = f.Count
		}
	}
	return counts
}

func (w *system) put(key string, body []byte) {
	w.t.Helper()
	must(w.t, w.blobs.Put(w.t.Context(), key, "image/webp", body))
}
