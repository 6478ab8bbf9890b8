package sqlstore_test

import (
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/sqlstore/storetest"
	"vitrine.dev/internal/testserver"
)

// Every replica may migrate at its start, also that of another process: each
// opener below is what another process would be.
func TestMigrateAtOnce(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		times := 3 // the race is short
		if testing.Short() {
			times = 1
		}
		for range times {
			path := filepath.Join(t.TempDir(), "vitrine.db")
			migrateAtOnce(t, func() (*sqlstore.Store, error) {
				return sqlstore.OpenSQLite(t.Context(), path, slog.New(slog.DiscardHandler))
			})
		}
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		cfg := storetest.PostgresConfig(t, testserver.Postgres(t))
		migrateAtOnce(t, func() (*sqlstore.Store, error) {
			return sqlstore.OpenPostgres(t.Context(), cfg, slog.New(slog.DiscardHandler))
		})
	})
}

func migrateAtOnce(t *testing.T, open func() (*sqlstore.Store, error)) {
	t.Helper()
	var applied atomic.Int64
	var migrating sync.WaitGroup
	for range 4 {
		migrating.Go(func() {
			s, err := open()
			if err != nil {
				t.Errorf("open: %v", err)
				return
			}
			defer func() { _ = s.Close() }()
			files, err := s.Migrate(t.Context())
			if err != nil {
				t.Errorf("migrate: %v", err)
			}
			applied.Add(int64(len(files)))
			if err := s.CheckSchema(t.Context()); err != nil {
				t.Errorf("check after migrating: %v", err)
			}
		})
	}
	migrating.Wait()
	files, err := filepath.Glob("migrations/sqlite/*.sql") // PostgreSQL has as many
	if err != nil {
		t.Fatal(err)
	}
	if applied.Load() != int64(len(files)) {
		t.Errorf("%d migrations were applied, each once would be %d", applied.Load(), len(files))
	}
}

func TestOldSchemaIsNamed(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	open := map[string]func(t *testing.T) (*sqlstore.Store, error){
		"sqlite": func(t *testing.T) (*sqlstore.Store, error) {
			t.Helper()
			return sqlstore.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "vitrine.db"), log)
		},
		"postgres": func(t *testing.T) (*sqlstore.Store, error) {
			t.Helper()
			return sqlstore.OpenPostgres(t.Context(), storetest.PostgresConfig(t, testserver.Postgres(t)), log)
		},
	}
	for name, open := range open {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := open(t)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			if err := s.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := s.CheckSchema(t.Context()); !errors.Is(err, sqldb.ErrOldSchema) {
				t.Errorf("check of an empty database: %v", err)
			} else if text := err.Error(); strings.Count(text, "older than this program") != 1 || strings.Count(text, "vitrine migrate") != 1 {
				t.Errorf("the advice is not given once: %s", text)
			}
			// Started while the server was unavailable, a process waits for the
			// migration. A file has no such moment.
			_, err = s.Product(t.Context(), 1)
			if name == "postgres" && (!errors.Is(err, sqldb.ErrOldSchema) || fault.KindOf(err) != fault.Unavailable) {
				t.Errorf("read without schema: %v of kind %s", err, fault.KindOf(err))
			}
			if _, err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := s.CheckSchema(t.Context()); err != nil {
				t.Error(err)
			}
			if files, err := s.Migrate(t.Context()); err != nil || len(files) != 0 {
				t.Errorf("the second time applied %v, %v", files, err)
			}
		})
	}
}

// A database of an earlier development version is refused: one whose first
// migration was another text, and one from when there was no digest of it.
func TestUnreleasedSchemaIsRefused(t *testing.T) {
	t.Parallel()
	for name, statement := range map[string]string{
		"another text": `UPDATE schema_digest SET digest = 'another'`,
		"no digest":    `DROP TABLE schema_digest`,
	} {
		forEachDatabase(t, name, func(t *testing.T, s *sqlstore.Store) {
			t.Helper()
			if _, err := s.Writer.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
			_, migrated := s.Migrate(t.Context())
			for what, err := range map[string]error{"check": s.CheckSchema(t.Context()), "migrate": migrated} {
				if !errors.Is(err, sqldb.ErrUnreleasedSchema) || !strings.Contains(err.Error(), "empty database") {
					t.Errorf("%s: %v", what, err)
				}
			}
		})
	}
}

// forEachDatabase runs a subtest on each.
func forEachDatabase(t *testing.T, name string, run func(*testing.T, *sqlstore.Store)) {
	t.Helper()
	t.Run(name+"/sqlite", func(t *testing.T) {
		t.Parallel()
		run(t, openSQLite(t, filepath.Join(t.TempDir(), "vitrine.db")))
	})
	t.Run(name+"/postgres", func(t *testing.T) {
		t.Parallel()
		run(t, openPostgres(t, testserver.Postgres(t)))
	})
}
