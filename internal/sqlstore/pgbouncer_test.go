package sqlstore_test

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/sqlstore/storetest"
	"vitrine.dev/internal/testserver"
)

// pooled is a store on the database of the DSN behind a PgBouncer in
// transaction mode.
func pooled(tb testing.TB, dsn string) sqldb.PostgresConfig {
	tb.Helper()
	cfg := storetest.PostgresConfig(tb, testserver.PgBouncer(tb, dsn))
	cfg.TransactionPooling = true
	return cfg
}

// TestPgBouncer runs the whole suite through a pooler in transaction mode.
func TestPgBouncer(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Store {
		t.Helper()
		s, err := sqlstore.OpenPostgres(t.Context(), pooled(t, testserver.Postgres(t)), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		return ready(t, s)
	})
}

// TestPgBouncerAtOnce: clients of the pooler migrate, also beside one that has
// the server itself, and then write through connections that they share.
func TestPgBouncerAtOnce(t *testing.T) {
	t.Parallel()
	dsn := testserver.Postgres(t)
	direct, through := storetest.PostgresConfig(t, dsn), pooled(t, dsn)
	var turn atomic.Int64
	migrateAtOnce(t, func() (*sqlstore.Store, error) {
		if turn.Add(1)%2 == 0 {
			return sqlstore.OpenPostgres(t.Context(), direct, slog.New(slog.DiscardHandler))
		}
		return sqlstore.OpenPostgres(t.Context(), through, slog.New(slog.DiscardHandler))
	})
	var clients sync.WaitGroup
	for i := range 3 {
		s, err := sqlstore.OpenPostgres(t.Context(), through, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		s = ready(t, s)
		for j := range 8 {
			clients.Go(func() {
				for k := range 10 {
					name := fmt.Sprintf("%d-%d-%d", i, j, k)
					p, err := s.CreateProduct(t.Context(), catalog.NewProduct{UserID: 1, Name: name, Images: []string{"https://x.test/a.jpg"}})
					if err != nil {
						t.Errorf("create: %v", err)
						return
					}
					if got, err := s.Product(t.Context(), p.ID); err != nil || got.Name != name {
						t.Errorf("read %q, want %q: %v", got.Name, name, err)
					}
				}
			})
		}
	}
	clients.Wait()
}

// TestPgBouncerUnannounced: a client not configured for the pooler says what is wrong
// and what to do.
func TestPgBouncerUnannounced(t *testing.T) {
	t.Parallel()
	dsn := testserver.Postgres(t)
	openPostgres(t, dsn) // migrates
	cfg := pooled(t, dsn)
	cfg.TransactionPooling = false
	var failure error
	var mu sync.Mutex
	var clients sync.WaitGroup
	for range 8 {
		s, err := sqlstore.OpenPostgres(t.Context(), cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		clients.Go(func() {
			for range 50 {
				if _, err := s.Product(t.Context(), 1); err != nil && fault.KindOf(err) != fault.NotFound {
					mu.Lock()
					failure = err
					mu.Unlock()
				}
			}
		})
	}
	clients.Wait()
	if !errors.Is(failure, sqldb.ErrTransactionPooling) || fault.KindOf(failure) != fault.Unavailable {
		t.Errorf("error = %v", failure)
	}
}

// TestMigrateWaitsForOlderVersions, which lock by a session.
func TestMigrateWaitsForOlderVersions(t *testing.T) {
	t.Parallel()
	dsn := testserver.Postgres(t)
	other, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(t.Context())
	const key = 4097083626 // goose's own
	if _, err := other.Exec(t.Context(), "SELECT pg_advisory_lock($1)", key); err != nil {
		t.Fatal(err)
	}
	s, err := sqlstore.OpenPostgres(t.Context(), storetest.PostgresConfig(t, dsn), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	migrated := make(chan error)
	go func() {
		_, err := s.Migrate(t.Context())
		migrated <- err
	}()
	for asked := false; !asked; {
		select {
		case err := <-migrated:
			t.Fatalf("migrated while another did: %v", err)
		default:
		}
		// That it asks again means that it did not go on after the first time.
		if err := other.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_sleep(0.02), pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid() AND query = 'rollback')`).Scan(&asked); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := other.Exec(t.Context(), "SELECT pg_advisory_unlock($1)", key); err != nil {
		t.Fatal(err)
	}
	if err := <-migrated; err != nil {
		t.Error(err)
	}
}
