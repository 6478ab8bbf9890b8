package sqlstore_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqlstore"
)

// TestProbe: a probe notices what a change would meet, and what changes meet is
// observed.
func TestProbe(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ take, give, cause string }{
		"changes":         {"ALTER ROLE {role} SET default_transaction_read_only = on", "ALTER ROLE {role} RESET default_transaction_read_only", "read-only"},
		"a right":         {"REVOKE INSERT ON products FROM {role}", "GRANT INSERT ON products TO {role}", "INSERT on products"},
		"a late right":    {"REVOKE DELETE ON dead_jobs FROM {role}", "GRANT DELETE ON dead_jobs TO {role}", "DELETE on dead_jobs"},
		"the sequence":    {"REVOKE USAGE ON SEQUENCE products_id_seq FROM {role}", "GRANT USAGE ON SEQUENCE products_id_seq TO {role}", "sequence of products"},
		"the first table": {"REVOKE SELECT ON images FROM {role}", "GRANT SELECT ON images TO {role}", "SELECT on images"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, exec := limitedRole(t)
			s := openLimited(t, cfg)
			if err := s.Probe(t.Context()); err != nil {
				t.Fatal(err)
			}
			exec(c.take)
			exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'")
			soon(t, "the cause is named", func(ctx context.Context) error { // once the ended connections are replaced
				err := s.Probe(ctx)
				if err == nil {
					t.Fatal("the probe succeeded")
				}
				if fault.KindOf(err) == fault.Unavailable && strings.Contains(err.Error(), c.cause) {
					return nil
				}
				return err
			})
			if err := s.Ping(t.Context()); err != nil {
				t.Errorf("ping: %v", err)
			}
			exec(c.give)
			exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'")
			soon(t, "probe once it is given back", s.Probe)
		})
	}
}

// TestProbeKnowsAllTables compares what a probe asks for with what is there.
func TestProbeKnowsAllTables(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "vitrine.db")
	if err := openSQLite(t, path).Probe(t.Context()); err != nil {
		t.Errorf("probe: %v", err)
	}
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var there string
	err = db.QueryRowContext(t.Context(), `SELECT group_concat(name, ',') FROM (SELECT name FROM sqlite_master WHERE type = 'table'
		AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'products_by_part%' AND name NOT IN ('goose_db_version') ORDER BY name)`).Scan(&there)
	if err != nil {
		t.Fatal(err)
	}
	known := slices.Sorted(slices.Values(sqlstore.Tables()))
	if got := strings.Join(known, ","); got != there {
		t.Errorf("a probe asks for rights to %s, the tables are %s", got, there)
	}
}

// idle and nothing are a step that does nothing.
var (
	idle    = dispatch.Request{Life: time.Minute}
	nothing = nothingToDo{}
)

type nothingToDo struct{ anything }

func (nothingToDo) Decide(dispatch.Window) dispatch.Decision { return dispatch.Decision{} }

func TestChangesAreReported(t *testing.T) {
	t.Parallel()
	s := openSQLite(t, filepath.Join(t.TempDir(), "vitrine.db"))
	var last error
	observed := 0
	s.OnWrite(func(err error) { observed++; last = err })
	if _, err := s.CreateProduct(t.Context(), phone()); err != nil || observed != 1 || last != nil {
		t.Errorf("after a create (%v) %d outcomes, the last %v", err, observed, last)
	}
	noOnes := phone()
	noOnes.UserID = 999_999
	if _, err := s.CreateProduct(t.Context(), noOnes); err == nil || observed != 1 {
		t.Errorf("a broken rule (%v) was observed: %d outcomes", err, observed)
	}
	if _, err := s.Product(t.Context(), 1); err != nil || observed != 1 {
		t.Errorf("a read (%v) was observed: %d outcomes", err, observed)
	}
	if _, err := s.DispatchStep(t.Context(), idle, nothing); err != nil || observed != 1 {
		t.Errorf("a dispatch of nothing (%v) was observed: %d outcomes", err, observed)
	}
	if err := s.Exec(t.Context(), "PRAGMA query_only = ON"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateProduct(t.Context(), phone()); err == nil || observed != 2 || fault.KindOf(last) != fault.Unavailable {
		t.Errorf("a create that failed (%v): %d outcomes, the last %v", err, observed, last)
	}
	if err := s.Probe(t.Context()); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("probe: %v", err)
	}
}

// TestSweepThatKeepsLeasesNoticesRefusals: after an outage it must not take for
// writable what can only be read.
func TestSweepThatKeepsLeasesNoticesRefusals(t *testing.T) {
	t.Parallel()
	s := openSQLite(t, filepath.Join(t.TempDir(), "vitrine.db"))
	policy := media.SweepPolicy{Limit: 10, KeepLeases: true, Lost: media.Lost()}
	if _, err := s.Sweep(t.Context(), policy); err != nil {
		t.Fatal(err)
	}
	if err := s.Exec(t.Context(), "PRAGMA query_only = ON"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sweep(t.Context(), policy); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("sweep of a database that is read-only: %v", err)
	}
}
