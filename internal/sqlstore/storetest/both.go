package storetest

import (
	"log/slog"
	"path/filepath"
	"testing"

	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/testserver"
)

// OpenSQLite returns the migrated store of a new file.
func OpenSQLite(tb testing.TB) *sqlstore.Store {
	tb.Helper()
	s, err := sqlstore.OpenSQLite(tb.Context(), filepath.Join(tb.TempDir(), "vitrine.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	if _, err := s.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return s
}

// Databases open an empty store of each database, by its name.
func Databases() map[string]func(t *testing.T) *sqlstore.Store {
	return map[string]func(t *testing.T) *sqlstore.Store{
		"SQLite": func(t *testing.T) *sqlstore.Store { t.Helper(); return OpenSQLite(t) },
		"PostgreSQL": func(t *testing.T) *sqlstore.Store {
			t.Helper()
			return OpenPostgres(t, testserver.Postgres(t))
		},
	}
}

// OnBoth runs a test on an empty store of each database.
func OnBoth(t *testing.T, run func(t *testing.T, s *sqlstore.Store)) {
	t.Helper()
	for name, open := range Databases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, open(t))
		})
	}
}
