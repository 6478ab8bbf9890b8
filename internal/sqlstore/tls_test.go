package sqlstore_test

import (
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/sqlstore/storetest"
	"vitrine.dev/internal/testserver"
)

// TestPostgresTLS: the certificate's authority is RootCert, the parameters
// reach the server, and the pool has as many connections as it may.
func TestPostgresTLS(t *testing.T) {
	t.Parallel()
	certificates := testserver.NewCertificates(t)
	server := testserver.OwnPostgresTLS(t, certificates)
	cfg := storetest.PostgresConfig(t, server.URL())
	cfg.SSLMode, cfg.RootCert, cfg.MaxConns = "verify-full", certificates.CA, 3
	cfg.Params = url.Values{"application_name": {"a shop's"}, "connect_timeout": {"9"}}.Encode()
	open := func(cfg sqldb.PostgresConfig) *sqlstore.Store {
		s, err := sqlstore.OpenPostgres(t.Context(), cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	s := open(cfg)
	if err := s.Exec(t.Context(), `SELECT 1 / (SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
		WHERE pid = pg_backend_pid() AND ssl AND application_name = 'a shop''s')`); err != nil {
		t.Errorf("the connection is not what was asked for: %v", err)
	}
	busy := make(chan error)
	for range 12 {
		go func() { busy <- s.Exec(t.Context(), "SELECT pg_sleep(0.05)") }()
	}
	for range 12 {
		if err := <-busy; err != nil {
			t.Error(err)
		}
	}
	// Beside the pool there is one that listens.
	if err := s.Exec(t.Context(), fmt.Sprintf(`SELECT 1 / (count(*) <= %d)::int FROM pg_stat_activity WHERE application_name LIKE 'a shop%%'`, 3+1)); err != nil {
		t.Errorf("more connections than 3 and the one that listens: %v", err)
	}

	for name, change := range map[string]func(*sqldb.PostgresConfig){
		"another authority": func(c *sqldb.PostgresConfig) { c.RootCert = testserver.NewCertificates(t).CA },
		"the system's":      func(c *sqldb.PostgresConfig) { c.RootCert = "" },
	} {
		other := cfg
		change(&other)
		if err := open(other).Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") || fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}
