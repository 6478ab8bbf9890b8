package sqlstore_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // for what the superuser does

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/processes"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/sqlstore/storetest"
	"vitrine.dev/internal/testserver"
)

// limitedRole makes a database with a role that is no superuser, and returns
// its configuration and what runs statements as the superuser.
func limitedRole(t *testing.T) (cfg sqldb.PostgresConfig, exec func(statement string)) {
	t.Helper()
	dsn := testserver.Postgres(t)
	openPostgres(t, dsn)
	admin, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	cfg = storetest.PostgresConfig(t, dsn)
	cfg.User = "limited_" + strings.ToLower(rand.Text())
	replacer := strings.NewReplacer("{role}", cfg.User, "{database}", cfg.Name)
	exec = func(statement string) {
		t.Helper()
		if _, err := admin.ExecContext(context.WithoutCancel(t.Context()), replacer.Replace(statement)); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	exec("CREATE ROLE {role} LOGIN PASSWORD 'limited'")
	exec("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")
	exec("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}")
	t.Cleanup(func() {
		exec("DROP OWNED BY {role}")
		exec("DROP ROLE {role}")
		_ = admin.Close()
	})
	return cfg, exec
}

func openLimited(t *testing.T, cfg sqldb.PostgresConfig) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.OpenPostgres(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// operations are one of each kind, of which a worker's are the middle ones.
func operations(s *sqlstore.Store) map[string]func(context.Context) error {
	job := media.Job{ImageID: 1, ProductID: 1, Generation: 1}
	failure := fault.Fail(fault.SourceTimeout, "Too slow.", nil)
	return map[string]func(context.Context) error{
		"create": func(ctx context.Context) error { _, err := s.CreateProduct(ctx, phone()); return err },
		"delete": func(ctx context.Context) error { _, err := s.DeleteProduct(ctx, 1, storetest.Unchecked); return err },
		"begin":  func(ctx context.Context) error { _, err := s.Begin(ctx, job, time.Minute); return err },
		"renew":  func(ctx context.Context) error { return s.Renew(ctx, media.Claim{Job: job}, time.Minute) },
		"complete": func(ctx context.Context) error {
			_, err := s.Complete(ctx, media.Claim{Job: job}, catalog.Rendition{Key: "k"}, func() *processes.Report { return nil })
			return err
		},
		"fail": func(ctx context.Context) error { _, err := s.Fail(ctx, media.Claim{Job: job}, failure); return err },
		"record fetches": func(ctx context.Context) error {
			_, err := s.RecordFetches(ctx, []media.Fetch{{Host: "a", URL: 1, Took: time.Second}})
			return err
		},
		"dispatch": func(ctx context.Context) error {
			_, err := s.DispatchStep(ctx, dispatch.Request{Life: time.Minute}, anything{})
			return err
		},
	}
}

// anything has an image dispatched, whatever there is.
type anything struct{}

func (anything) Others(dispatch.Window, dispatch.Class) bool { return false }
func (anything) Hosts(dispatch.Window) []string              { return nil }
func (anything) Asks(dispatch.Window) []dispatch.Ask         { return nil }
func (anything) Flows(dispatch.Window) []dispatch.Flow       { return nil }
func (anything) Decide(dispatch.Window) dispatch.Decision {
	return dispatch.Decision{Positions: []dispatch.Position{{Row: dispatch.Row{ID: 1}, To: media.Out}}}
}

func wantUnavailable(t *testing.T, s *sqlstore.Store, reads bool) {
	t.Helper()
	for what, do := range operations(s) {
		if err := do(t.Context()); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: %v of kind %s, want unavailable", what, err, fault.KindOf(err))
		}
	}
	if err := s.Ping(t.Context()); (err == nil) != reads || !reads && fault.KindOf(err) != fault.Unavailable {
		t.Errorf("ping: %v of kind %s, want success: %t", err, fault.KindOf(err), reads)
	}
}

// TestPostgresRefuses takes from a role what it needs, in every way that a
// server knows: each is a database that is not available, and once it is given
// back everything works.
func TestPostgresRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		take, give string
		reads      bool
	}{
		"login":            {"ALTER ROLE {role} NOLOGIN", "ALTER ROLE {role} LOGIN", false},
		"right to connect": {"REVOKE CONNECT ON DATABASE {database} FROM PUBLIC", "GRANT CONNECT ON DATABASE {database} TO {role}", false},
		"connections":      {"ALTER ROLE {role} CONNECTION LIMIT 0", "ALTER ROLE {role} CONNECTION LIMIT -1", false},
		"the database":     {"UPDATE pg_database SET datallowconn = false WHERE datname = '{database}'", "UPDATE pg_database SET datallowconn = true WHERE datname = '{database}'", false},
		"the schema":       {"REVOKE USAGE ON SCHEMA public FROM PUBLIC", "GRANT USAGE ON SCHEMA public TO {role}", true},
		"changes":          {"ALTER ROLE {role} SET default_transaction_read_only = on", "ALTER ROLE {role} RESET default_transaction_read_only", true},
		"rights to write":  {"REVOKE INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public FROM {role}", "GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}", true},
		"all rights":       {"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}", "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, exec := limitedRole(t)
			s := openLimited(t, cfg)
			if _, err := s.CreateProduct(t.Context(), phone()); err != nil {
				t.Fatal(err)
			}
			exec(c.take)
			exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'")
			wantUnavailable(t, s, c.reads)
			exec(c.give)
			exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'")
			soon(t, "create once it is given back", func(ctx context.Context) error {
				_, err := s.CreateProduct(ctx, phone())
				return err
			})
		})
	}
}

// listener answers every connection with the text, or closes it at once.
func listener(t *testing.T, text string) uint16 {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if text != "" {
				_, _ = conn.Read(make([]byte, 1))
				_, _ = io.WriteString(conn, text)
			}
			_ = conn.Close()
		}
	}()
	return portOf(t, l.Addr().String())
}

// TestPostgresCannotBeReached: whatever goes wrong while connecting is a
// database that is not available.
func TestPostgresCannotBeReached(t *testing.T) {
	t.Parallel()
	dsn := testserver.Postgres(t)
	for name, change := range map[string]func(*sqldb.PostgresConfig){
		"no such database":     func(c *sqldb.PostgresConfig) { c.Name = "there_is_no_such_database" },
		"no such role":         func(c *sqldb.PostgresConfig) { c.User = "nobody_of_that_name" },
		"no such host":         func(c *sqldb.PostgresConfig) { c.Host = "nowhere.invalid" },
		"nothing listens":      func(c *sqldb.PostgresConfig) { c.Port = 1 },
		"no TLS":               func(c *sqldb.PostgresConfig) { c.SSLMode = "require" },
		"no such socket":       func(c *sqldb.PostgresConfig) { c.Host = "/no/such/folder" },
		"closed at once":       func(c *sqldb.PostgresConfig) { c.Port = listener(t, "") },
		"another kind":         func(c *sqldb.PostgresConfig) { c.Port = listener(t, "HTTP/1.1 400 Bad Request\r\n\r\n") },
		"another kind for TLS": func(c *sqldb.PostgresConfig) { c.Port, c.SSLMode = listener(t, "SSH-2.0-x\r\n"), "require" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := storetest.PostgresConfig(t, dsn)
			change(&cfg)
			wantUnavailable(t, openLimited(t, cfg), false)
		})
	}
}

// TestSQLiteRefuses: a file that cannot be written to is a database that is
// not available for changes.
func TestSQLiteRefuses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "vitrine.db")
	s := openSQLite(t, path)
	for name, c := range map[string]struct{ take, give string }{
		"full":      {"PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000"}, // raised to what is there: no page more
		"read-only": {"PRAGMA query_only = ON", "PRAGMA query_only = OFF"},
	} {
		if err := s.Exec(t.Context(), c.take); err != nil {
			t.Fatal(err)
		}
		if err := fill(t, s); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: %v of kind %s", name, err, fault.KindOf(err))
		}
		if err := s.Ping(t.Context()); err != nil {
			t.Errorf("%s: ping: %v", name, err)
		}
		if err := s.Exec(t.Context(), c.give); err != nil {
			t.Fatal(err)
		}
		if _, err := s.CreateProduct(t.Context(), phone()); err != nil {
			t.Errorf("%s, once it is given back: %v", name, err)
		}
	}
	if _, err := s.CreateProduct(t.Context(), phone()); err != nil {
		t.Fatal(err)
	}
}

// fill creates until that fails, which it does before long.
func fill(t *testing.T, s *sqlstore.Store) error {
	t.Helper()
	draft := phone()
	draft.Description = strings.Repeat("long ", 2000)
	for range 1000 {
		if _, err := s.CreateProduct(t.Context(), draft); err != nil {
			return err
		}
	}
	return nil
}

// TestSQLiteFileIsDamaged: what is no database, or no file at all, is one that
// is not available.
func TestSQLiteFileIsDamaged(t *testing.T) {
	t.Parallel()
	damaged := filepath.Join(t.TempDir(), "vitrine.db")
	if err := os.WriteFile(damaged, []byte(strings.Repeat("this is no database ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"damaged": damaged, "a folder": t.TempDir(), "nowhere": "/no/such/folder/vitrine.db"} {
		s, err := sqlstore.OpenSQLite(t.Context(), path, slog.New(slog.DiscardHandler))
		if err == nil {
			t.Errorf("%s: opened", name)
			_ = s.Close()
		} else if fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: %v of kind %s", name, err, fault.KindOf(err))
		}
	}
}
