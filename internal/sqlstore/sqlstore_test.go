package sqlstore_test

import (
	"log/slog"
	"net/url"
	"path/filepath"
	"strconv"
	"testing"

	"vitrine.dev/internal/sqldb"
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
	s, err := sqlstore.OpenPostgres(tb.Context(), configOf(tb, dsn), slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	return ready(tb, s)
}

func configOf(tb testing.TB, dsn string) sqldb.PostgresConfig {
	tb.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		tb.Fatal(err)
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		tb.Fatal(err)
	}
	password, _ := u.User.Password()
	return sqldb.PostgresConfig{
		Host: u.Hostname(), Port: uint16(port), User: u.User.Username(), Password: password,
		Name: u.Path[1:], SSLMode: "disable",
	}
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
