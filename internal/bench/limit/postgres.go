package limit

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"vitrine.dev/internal/systemtest"
	"vitrine.dev/internal/testserver"
)

// Postgres is a server of the test's own that syncs its commits, with the program's tables.
type Postgres struct {
	*testserver.Server

	Conn *pgx.Conn
	PID  int
	Env  map[string]string // names it to the program
}

// NewPostgres starts one with these settings, such as "name=value", beside those of a synced server.
func NewPostgres(t *testing.T, settings ...string) *Postgres {
	t.Helper()
	server := testserver.OwnPostgresWith(t, append([]string{"fsync=on", "full_page_writes=on"}, settings...)...)
	text, err := os.ReadFile(filepath.Join(server.Folder(), "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	p := &Postgres{Server: server}
	if p.PID, err = strconv.Atoi(first); err != nil {
		t.Fatal(err)
	}
	if p.Conn, err = pgx.Connect(t.Context(), server.URL()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Conn.Close(context.WithoutCancel(t.Context())) })
	u := systemtest.ParseURL(t, server.URL())
	p.Env = map[string]string{
		"DB_HOST": u.Hostname(), "DB_PORT": u.Port(), "DB_USER": "vitrine", "DB_PASSWORD": "vitrine",
		"DB_NAME": "postgres", "DB_SSLMODE": "disable",
	}
	systemtest.Run(t, "migrate", p.Env)
	return p
}

// CPU is the user and system time of the server and all its processes, with those
// that have ended.
func (p *Postgres) CPU(t *testing.T) time.Duration {
	t.Helper()
	return systemtest.CPUWithChildren(t, p.PID)
}

// Exec runs a statement.
func (p *Postgres) Exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := p.Conn.Exec(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// All returns the rows of a query, each as scan makes it.
func All[T any](t *testing.T, p *Postgres, scan pgx.RowToFunc[T], query string, args ...any) []T {
	t.Helper()
	rows, err := p.Conn.Query(t.Context(), query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	list, err := pgx.CollectRows(rows, scan)
	if err == nil {
		err = rows.Err()
	}
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return list
}
