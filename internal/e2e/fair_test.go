package e2e_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/processes"
	"vitrine.dev/internal/queue"
	"vitrine.dev/internal/queue/inprocess"
	"vitrine.dev/internal/queue/rabbitmq"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/sqlstore/storetest"
	"vitrine.dev/internal/systemtest"
	"vitrine.dev/internal/testserver"
)

// The import that another user's single picture must not wait for.
const (
	imported = 20_000
	slots    = 8 // of the worker
)

// TestImportDelaysNobody queues one user's 20,000 images (make fair has 100,000), lets workers begin,
// and then has a second user create a product with one picture: it is handled
// after no more jobs than wait past the line already, however long that is.
func TestImportDelaysNobody(t *testing.T) {
	t.Parallel()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		log := slog.New(slog.DiscardHandler)
		path := filepath.Join(t.TempDir(), "vitrine.db")
		store, err := sqlstore.OpenSQLite(t.Context(), path, log)
		if err != nil {
			t.Fatal(err)
		}
		// What is leased and what is in hand: a window of each at most.
		lateComer(t, store, queue.New(inprocess.New(slots), time.Minute, log), "sqlite", "file:"+path, 1, 2*slots)
	})
	t.Run("servers", func(t *testing.T) {
		t.Parallel()
		log := slog.New(slog.DiscardHandler)
		db, broker := testserver.Postgres(t), systemtest.ParseURL(t, testserver.RabbitMQ(t))
		store, err := sqlstore.OpenPostgres(t.Context(), storetest.PostgresConfig(t, db), log)
		if err != nil {
			t.Fatal(err)
		}
		password, _ := broker.User.Password()
		cfg := rabbitmq.DefaultConfig()
		cfg.Host, cfg.Port, cfg.VHost = broker.Hostname(), portOf(t, broker), broker.Path[1:]
		cfg.User, cfg.Password = broker.User.Username(), password
		transport, err := rabbitmq.New(cfg, log)
		if err != nil {
			t.Fatal(err)
		}
		// Little more than the free slots waits at the queue, and what the worker has
		// in hand comes on top.
		lateComer(t, store, queue.New(transport, time.Minute, log), "pgx", db, 3, 4*slots)
	})
}

func portOf(t *testing.T, u *url.URL) uint16 {
	t.Helper()
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	return uint16(n)
}

// lateComer runs so many dispatchers between store and queue, and a worker that only
// notes what it is given.
func lateComer(t *testing.T, store *sqlstore.Store, q *queue.Queue, driver, source string, dispatchers, bound int) {
	t.Helper()
	var running sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(func() {
		stop()
		running.Wait()
		_ = q.Close()
		_ = store.Close()
	})
	if _, err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	const first, second = 1, 2
	change(t, driver, source, `INSERT INTO users (id, name, created_at) VALUES ($1, 'Second', 0)`, second)
	// A product as it is made, with a line much longer than one can have.
	const each = catalog.MaxImages
	createFor(t, store, first, each)
	change(t, driver, source, `
		WITH RECURSIVE copies (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < $1)
		INSERT INTO images (stage, due_at, accepted_at, created_at, updated_at, user_id, product_id, position, source_url, source_host, request_id)
		SELECT stage, due_at, accepted_at, created_at, updated_at, user_id, product_id, position + n * $2, source_url, source_host, request_id FROM images, copies
		WHERE TRUE`,
		imported/each-1, each)

	if _, err := store.RecordFetches(t.Context(), []media.Fetch{{Host: "pictures.example", Took: time.Second}}); err != nil {
		t.Fatal(err)
	}
	var handled atomic.Int64
	var came sync.Map // when each product's first job was handled
	running.Go(func() {
		_ = q.Consume(ctx, slots, func(ctx context.Context, m queue.Message) error {
			n := handled.Add(1)
			j, err := media.DecodeJob(m.Body)
			if err != nil {
				return err
			}
			claim, err := store.Begin(ctx, j, time.Hour)
			if err != nil {
				t.Error(err)
			}
			came.LoadOrStore(j.ProductID, n)
			select {
			case <-time.After(2 * time.Millisecond):
			case <-ctx.Done():
			}
			claim.Shown = true // or each would count all images of its product
			_, err = store.Retry(ctx, claim, fault.Fail(fault.SourceNotFound, "Gone.", nil), 24*time.Hour)
			return err
		})
	})
	nothing := func() processes.Use { return processes.Use{} }
	heart := processes.NewHeart(store, processes.Process{ID: processes.NewID(), Role: "worker", Slots: slots}, nil, nothing, slog.New(slog.DiscardHandler))
	running.Go(func() { _ = heart.Run(ctx) })
	cfg := dispatch.DefaultConfig()
	cfg.Limits.Host = slots
	for range dispatchers {
		dispatcher := dispatch.New(store, q, store.WakeOwn, cfg, slog.New(slog.DiscardHandler))
		running.Go(func() { _ = dispatcher.Run(ctx) })
	}
	for handled.Load() < 500 { // the import is in full swing
		systemtest.Pause(t, 10*time.Millisecond)
	}
	// The count at which the create is known to have been committed is between
	// those before and after it; the one before is the stricter.
	before, at := handled.Load(), time.Now()
	late := createFor(t, store, second, 1).ID
	deadline := time.Now().Add(systemtest.Patience)
	for {
		if n, ok := came.Load(late); ok {
			others := n.(int64) - before - 1
			t.Logf("the single picture came after %d others (at most %d), %s", others, bound, time.Since(at).Round(time.Millisecond))
			if others > int64(bound) {
				t.Errorf("the single picture came after %d others, at most %d are allowed", others, bound)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the single picture did not come")
		}
		systemtest.Pause(t, time.Millisecond)
	}
}

// change writes to the database past the store.
func change(t *testing.T, driver, source, statement string, args ...any) {
	t.Helper()
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

func createFor(t *testing.T, store *sqlstore.Store, user int64, images int) catalog.Product {
	t.Helper()
	urls := make([]string, images)
	for i := range urls {
		urls[i] = fmt.Sprintf("http://pictures.example/%d.jpg", i)
	}
	p, err := store.CreateProduct(t.Context(), catalog.NewProduct{UserID: user, Name: "Import", Images: urls, Price: 1})
	if err != nil {
		t.Error(err)
	}
	return p
}
