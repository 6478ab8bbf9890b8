package sqlstore_test

import (
	"context"
	"database/sql"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqlstore"
)

// TestTwoProcessesOverOneFile works from two stores at once, which share
// nothing but the file, as two processes would.
func TestTwoProcessesOverOneFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "vitrine.db")
	stores := []*sqlstore.Store{openSQLite(t, path), openSQLite(t, path)}
	const each = 40
	var writing sync.WaitGroup
	for i, s := range stores {
		writing.Go(func() {
			for range each {
				if _, err := s.CreateProduct(t.Context(), phone()); err != nil {
					t.Errorf("store %d: %v", i, err)
					return
				}
				request, plan := dispatch.Single(time.Minute, 1, 1<<20)
				taken, err := stores[1-i].DispatchStep(t.Context(), request, plan)
				if err != nil {
					t.Errorf("store %d: dispatch: %v", i, err)
				}
				if err := s.ReturnJobs(t.Context(), taken.Jobs, 0); err != nil {
					t.Errorf("store %d: return: %v", i, err)
				}
			}
		})
	}
	writing.Wait()
	for i, s := range stores {
		list, _, err := s.ListProducts(t.Context(), catalog.Filter{Limit: 1000})
		if err != nil || len(list) != 2*each {
			t.Errorf("store %d sees %d products, %v", i, len(list), err)
		}
	}
	wakesTheOther(t, stores[0], stores[1])
	readsTheOther(t, stores[0], stores[1])
}

// readsTheOther: what one process commits is read by the other without its poll.
func readsTheOther(t *testing.T, here, there *sqlstore.Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cfg := events.DefaultHorizonConfig()
	cfg.Poll = time.Hour
	tail, err := events.NewHorizon(here, cfg, slog.New(slog.DiscardHandler)).Tail(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		p, err := there.CreateProduct(ctx, phone())
		if err != nil {
			t.Fatal(err)
		}
		batch, err := tail.Next(ctx)
		if err != nil || len(batch.Events) != 1 || batch.Events[0].ProductID != p.ID {
			t.Fatalf("%+v, %v", batch, err)
		}
	}
}

// TestWaitForALockedFileEnds has another process keep the file to itself.
func TestWaitForALockedFileEnds(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "vitrine.db")
	s := openSQLite(t, path)
	p, err := s.CreateProduct(t.Context(), phone())
	if err != nil {
		t.Fatal(err)
	}
	other, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	lock, err := other.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	started := time.Now()
	if _, err := s.CreateProduct(ctx, phone()); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("create in a locked file: %v of kind %s", err, fault.KindOf(err))
	}
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("a caller with 100 ms waited for %v", took)
	}
	if _, err := s.Product(t.Context(), p.ID); err != nil {
		t.Errorf("read beside a writer: %v", err)
	}
	created := make(chan error, 1)
	go func() {
		_, err := s.CreateProduct(t.Context(), phone())
		created <- err
	}()
	select {
	case err := <-created:
		t.Fatalf("created beside a writer: %v", err)
	case <-time.After(400 * time.Millisecond): // longer than one wait of SQLite
	}
	if err := lock.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-created; err != nil {
		t.Errorf("create after the lock: %v", err)
	}
}

func TestOddPathsOfFiles(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"with space.db", "100%.db", "question?.db", "hash#.db", "ümlaut.db"} {
		path := filepath.Join(t.TempDir(), name)
		created, err := openSQLite(t, path).CreateProduct(t.Context(), phone())
		if err != nil {
			t.Fatal(err)
		}
		if found, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*.db")); err != nil || len(found) != 1 || found[0] != path {
			t.Errorf("%q became %q, %v", path, found, err)
		}
		if _, err := openSQLite(t, path).Product(t.Context(), created.ID); err != nil {
			t.Errorf("%s opened again: %v", name, err)
		}
	}
}
