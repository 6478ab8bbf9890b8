package testserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Postgres returns the DSN (postgres://…) of an empty database of this test's
// own, dropped when the test ends. Its text is UTF-8 with Unicode case rules.
func Postgres(tb testing.TB) string {
	tb.Helper()
	server := shared(tb, postgresEngine)
	name := uniqueName("test")
	exec := func(ctx context.Context, statement string) error {
		return execPostgres(ctx, server.url, statement)
	}
	if err := exec(tb.Context(), "CREATE DATABASE "+name); err != nil {
		tb.Fatalf("create database: %v", err)
	}
	tb.Cleanup(func() {
		ctx, cancel := cleanupContext(tb)
		defer cancel()
		if err := exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			tb.Errorf("drop database: %v", err)
		}
	})
	dsn, err := url.Parse(server.url)
	if err != nil {
		tb.Fatal(err)
	}
	dsn.Path = "/" + name
	return dsn.String()
}

// OwnPostgres starts a PostgreSQL for this test alone; URL is the DSN of its
// only database. Commits survive Kill (they are written, though not fsynced).
func OwnPostgres(tb testing.TB) *Server {
	tb.Helper()
	return own(tb, postgresEngine)
}

// OwnPostgresWith is OwnPostgres with settings (name=value) that go before its own.
func OwnPostgresWith(tb testing.TB, settings ...string) *Server {
	tb.Helper()
	return own(tb, &engine{create: func() (*Server, error) {
		server, err := newPostgres()
		if err != nil {
			return nil, err
		}
		for _, setting := range settings {
			server.argv = append(server.argv, "-c", setting)
		}
		return server, nil
	}})
}

// PostgresProgram returns the path of a program that comes with the server, such
// as pg_dump. It ends the test where there is none.
func PostgresProgram(tb testing.TB, name string) string {
	tb.Helper()
	path, ok := lookupPostgres(name)
	if !ok {
		tb.Fatalf("there is no %s beside PostgreSQL", name)
	}
	return path
}

func lookupPostgres(program string) (string, bool) {
	return lookup(program, "/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin",
		"/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin")
}

func newPostgres() (*Server, error) {
	initdb, ok := lookupPostgres("initdb")
	if !ok {
		return nil, &missingError{"PostgreSQL (initdb)", "postgresql", "postgresql@17"}
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	folder, err := newFolder("postgres")
	if err != nil {
		return nil, err
	}
	as, err := unprivileged(folder)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(folder, "data")
	if err := createCluster(initdb, data, as); err != nil {
		return nil, err
	}
	addr := net.JoinHostPort(loopback, strconv.Itoa(port))
	dsn := "postgres://vitrine:vitrine@" + addr + "/postgres?sslmode=disable"
	return &Server{
		name: "PostgreSQL", addr: addr, url: dsn, folder: folder, endSignal: "QUIT", as: as,
		argv: []string{
			filepath.Join(filepath.Dir(initdb), "postgres"), "-D", data, "-p", strconv.Itoa(port),
			"-c", "listen_addresses=" + loopback, "-c", "unix_socket_directories=",
			"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=300",
			"-c", "max_wal_size=2GB", "-c", "autovacuum_naptime=10s", "-c", "max_prepared_transactions=10",
		},
		ready: func(ctx context.Context) error { return execPostgres(ctx, dsn, "SELECT 1") },
	}, nil
}

func createCluster(initdb, data string, as *syscall.Credential) error {
	locale := "C.UTF-8"
	if runtime.GOOS == "darwin" {
		locale = "en_US.UTF-8"
	}
	cmd := exec.Command(initdb, "-D", data, "-U", "vitrine", "-A", "trust", "-E", "UTF8", //nolint:noctx // ends in seconds
		"--locale="+locale, "--no-sync", "--no-instructions")
	cmd.Dir = filepath.Dir(data)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", initdb, err, out)
	}
	return nil
}

// unprivileged returns the user that PostgreSQL, which refuses to run as root,
// runs as, and hands it the folder. It returns nil where we are not root.
func unprivileged(folder string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil //nolint:nilnil // nil is what exec takes for "as myself"
	}
	var found *user.User
	var err error
	for _, name := range []string{"postgres", "nobody"} {
		if found, err = user.Lookup(name); err == nil {
			break
		}
	}
	if err != nil {
		return nil, errors.New("PostgreSQL refuses to run as root, and there is no user postgres")
	}
	uid, err := strconv.ParseUint(found.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(found.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(folder, int(uid), int(gid))
}

func execPostgres(ctx context.Context, dsn, statement string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, statement)
	return err
}
