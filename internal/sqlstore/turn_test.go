package sqlstore_test

import (
	"context"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/storetest"
	"vitrine.dev/internal/testserver"
)

// TestOneSearchOfAUser: a search by name waits while another process has one of the user; those of others, and other lists, do not.
func TestOneSearchOfAUser(t *testing.T) {
	t.Parallel()
	s := storetest.OpenPostgres(t, testserver.Postgres(t))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	list := func(f catalog.Filter) error {
		f.Limit = 10
		_, _, err := s.ListProducts(ctx, f)
		return err
	}
	release, held, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() { // as another process would
		ended <- s.Along(ctx, "hold", func(ctx context.Context, from sqldb.Querier) error {
			err := s.Turn(ctx, from, 1)
			close(held)
			<-release
			return err
		})
	}()
	<-held
	for _, f := range []catalog.Filter{{UserID: 2, Query: "lamp"}, {UserID: 1}, {UserID: 1, Sort: "price"}} {
		if err := list(f); err != nil {
			t.Errorf("%+v: %v", f, err)
		}
	}
	found := make(chan error, 1)
	go func() { found <- list(catalog.Filter{UserID: 1, Query: "lamp"}) }()
	for waiting := 0; waiting == 0; {
		if err := s.Writer.QueryRowContext(ctx, `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-found:
			t.Fatalf("the search did not wait: %v", err)
		default:
		}
	}
	close(release)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := <-found; err != nil {
		t.Error(err)
	}
}
