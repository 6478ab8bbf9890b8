package sqlstore_test

import (
	"log/slog"
	"path/filepath"
	"testing"

	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/sqlstore/storetest"
	"vitrine.dev/internal/testserver"
)

func TestSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Store {
		t.Helper()
		return openSQLite(t, filepath.Join(t.TempDir(), "vitrine.db"))
	})
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Store {
		t.Helper()
		return openPostgres(t, testserver.Postgres(t))
	})
}

func openSQLite(tb testing.TB, path string) *sqlstore.Store {
	tb.Helper()
	s, err := sqlstore.OpenSQLite(tb.Context(), path, slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	return ready(tb, s)
}

func openPostgres(tb testing.TB, dsn string) *sqlstore.Store {
	tb.Helper()
	s, err := sqlstore.OpenPostgres(tb.Context(), storetest.PostgresConfig(tb, dsn), slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	return ready(tb, s)
}

func ready(tb testing.TB, s *sqlstore.Store) *sqlstore.Store {
	tb.Helper()
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	if _, err := s.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	for _, user := range storetest.MoreUsers() {
		if err := s.Exec(tb.Context(), `INSERT INTO users (id, name, created_at) VALUES ($1, 'More', 0) ON CONFLICT DO NOTHING`, user); err != nil {
			tb.Fatal(err)
		}
	}
	return s
}
