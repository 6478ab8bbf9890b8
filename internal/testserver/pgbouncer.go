package testserver

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// PgBouncer starts a PgBouncer in transaction mode before the PostgreSQL of the
// DSN, for this test alone, and returns the DSN of the same database through
// it. It has few connections to the server, so that its clients meet each
// other's.
func PgBouncer(tb testing.TB, dsn string) string {
	tb.Helper()
	behind, err := url.Parse(dsn)
	if err != nil {
		tb.Fatal(err)
	}
	server := own(tb, &engine{create: func() (*Server, error) { return newPgBouncer(behind) }})
	through := *behind
	through.Host = server.addr
	return through.String()
}

func newPgBouncer(behind *url.URL) (*Server, error) {
	program, ok := lookup("pgbouncer", "/usr/sbin", "/opt/homebrew/bin", "/usr/local/bin")
	if !ok {
		return nil, &missingError{"pgbouncer", "pgbouncer", "pgbouncer"}
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	folder, err := newFolder("pgbouncer")
	if err != nil {
		return nil, err
	}
	as, err := unprivileged(folder) // it refuses to run as root, too
	if err != nil {
		return nil, err
	}
	config := fmt.Sprintf(`[databases]
* = host=%s port=%s user=%s
[pgbouncer]
listen_addr = %s
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
max_client_conn = 500
`, behind.Hostname(), behind.Port(), behind.User.Username(), loopback, port)
	file := filepath.Join(folder, "pgbouncer.ini")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil { // which another user reads
		return nil, err
	}
	addr := net.JoinHostPort(loopback, strconv.Itoa(port))
	return &Server{
		name: "PgBouncer", addr: addr, folder: folder, endSignal: "KILL", as: as,
		argv:  []string{program, file},
		ready: func(ctx context.Context) error { return answers(ctx, addr) },
	}, nil
}
