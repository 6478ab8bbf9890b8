package storetest

import (
	"log/slog"
	"net/url"
	"strconv"
	"testing"

	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore"
)

// OpenPostgres returns the migrated store of a database, by its URL.
func OpenPostgres(tb testing.TB, dsn string) *sqlstore.Store {
	tb.Helper()
	s, err := sqlstore.OpenPostgres(tb.Context(), PostgresConfig(tb, dsn), slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	if _, err := s.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return s
}

// PostgresConfig is what the URL of a database says.
func PostgresConfig(tb testing.TB, dsn string) sqldb.PostgresConfig {
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
