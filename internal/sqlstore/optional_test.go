package sqlstore_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"log/slog"
	"strings"
	"testing"

	"vitrine.dev/internal/logtest"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/sqlstore/storetest"
	"vitrine.dev/internal/testserver"
)

// TestWithoutTrigrams: a role that may not have extensions migrates, is told so and searches
// all the same; the index is made by the first migration that can, whatever is left of an earlier
// one, and wherever the extensions are.
func TestWithoutTrigrams(t *testing.T) {
	t.Parallel()
	dsn := testserver.Postgres(t)
	admin, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	cfg := storetest.PostgresConfig(t, dsn)
	cfg.User, cfg.Password = "plain_"+strings.ToLower(rand.Text()), "plain"
	exec := func(statement string) {
		t.Helper()
		if _, err := admin.ExecContext(context.WithoutCancel(t.Context()), strings.ReplaceAll(statement, "{role}", cfg.User)); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	exec("CREATE ROLE {role} LOGIN PASSWORD 'plain'")
	exec("GRANT USAGE, CREATE ON SCHEMA public TO {role}")
	t.Cleanup(func() {
		exec("DROP OWNED BY {role}")
		exec("DROP ROLE {role}")
		_ = admin.Close()
	})
	migrate := func() (s *sqlstore.Store, logged string, there bool) {
		t.Helper()
		var log logtest.Buffer
		s, err := sqlstore.OpenPostgres(t.Context(), cfg, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		if _, err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		there, err = s.HasOptional(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return s, log.String(), there
	}
	s, logged, there := migrate()
	if there || !strings.Contains(logged, "level=WARN") || !strings.Contains(logged, "pg_trgm") {
		t.Errorf("the index is there: %t; the log says %s", there, logged)
	}
	storetest.Find(t, s)
	exec("CREATE SCHEMA elsewhere")
	exec("GRANT USAGE ON SCHEMA elsewhere TO {role}")
	exec("CREATE EXTENSION pg_trgm SCHEMA elsewhere")
	exec("CREATE EXTENSION btree_gin SCHEMA elsewhere")
	for range 2 {
		if _, logged, there := migrate(); !there || strings.Contains(logged, "level=WARN") {
			t.Errorf("once it can be had: %t; the log says %s", there, logged)
		}
		exec("UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'products_by_part'::regclass") // as one is that was broken off
	}
}
