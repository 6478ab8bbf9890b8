package limit

import (
	"log/slog"
	"strconv"
	"testing"

	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore"
)

// Store opens the program's store on the server, with at most so many connections.
func (p *Postgres) Store(t *testing.T, maxConns int32, log *slog.Logger) *sqlstore.Store {
	t.Helper()
	port, err := strconv.ParseUint(p.Env["DB_PORT"], 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sqlstore.OpenPostgres(t.Context(), sqldb.PostgresConfig{
		Host: p.Env["DB_HOST"], Port: uint16(port), User: p.Env["DB_USER"], Password: p.Env["DB_PASSWORD"], Name: p.Env["DB_NAME"],
		SSLMode: p.Env["DB_SSLMODE"], MaxConns: maxConns,
	}, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}
