package catalogsql_test

import (
	"log/slog"
	"path/filepath"
	"testing"

	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/sqlstore/storetest"
	"vitrine.dev/internal/testserver"
)

// database is one of the two, and how to open an empty one.
type database struct {
	name string
	open func(t *testing.T) *sqlstore.Store
}

func databases() []database {
	return []database{
		{"SQLite", func(t *testing.T) *sqlstore.Store {
			t.Helper()
			s, err := sqlstore.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "vitrine.db"), slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			if _, err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			return s
		}},
		{"PostgreSQL", func(t *testing.T) *sqlstore.Store {
			t.Helper()
			return storetest.OpenPostgres(t, testserver.Postgres(t))
		}},
	}
}

// onBoth runs a test on each database.
func onBoth(t *testing.T, run func(t *testing.T, s *sqlstore.Store)) {
	t.Helper()
	for _, db := range databases() {
		t.Run(db.name, func(t *testing.T) {
			t.Parallel()
			run(t, db.open(t))
		})
	}
}

// TestFindBeyondTheWalk: lists are the same where the walk along their order ends early.
func TestFindBeyondTheWalk(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *sqlstore.Store) {
		t.Helper()
		s.SetMostWalked(3)
		storetest.Find(t, s)
	})
}
