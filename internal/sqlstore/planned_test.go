package sqlstore_test

import (
	"context"
	"errors"
	"testing"

	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/sqlstore/storetest"
)

// TestAlongLeavesNothing: whatever ends a reading along an index, its connection comes back without a transaction and
// with the settings that it had.
func TestAlongLeavesNothing(t *testing.T) {
	t.Parallel()
	storetest.OnBoth(t, func(t *testing.T, s *sqlstore.Store) {
		t.Helper()
		failed := errors.New("failed")
		one := func(ctx context.Context, from sqldb.Querier) error {
			_, err := sqldb.IDs(ctx, from, `SELECT 1`)
			return err
		}
		for range 20 { // each connection of the pool
			ctx, cancel := context.WithCancel(t.Context())
			if err := s.Along(ctx, "fail", func(context.Context, sqldb.Querier) error { return failed }); !errors.Is(err, failed) {
				t.Error(err)
			}
			if err := s.Along(ctx, "break", func(ctx context.Context, from sqldb.Querier) error {
				_, err := sqldb.IDs(ctx, from, `SELECT broken`)
				return err
			}); err == nil {
				t.Error("a broken statement")
			}
			if err := s.Through(ctx, "leave", func(ctx context.Context, from sqldb.Querier) error {
				cancel()
				return one(ctx, from)
			}); err == nil {
				t.Error("a client that has left reads")
			}
			if err := s.Through(t.Context(), "read", one); err != nil {
				t.Error(err)
			}
			for ask, want := range map[string]string{"SHOW enable_sort": "on", "SHOW enable_indexscan": "on", "SHOW plan_cache_mode": "auto"} {
				var got string
				if s.OneWriter {
					continue
				}
				if err := s.Reader.QueryRowContext(t.Context(), ask).Scan(&got); err != nil || got != want {
					t.Errorf("%s: %q, %v", ask, got, err)
				}
			}
			tx, err := s.Reader.BeginTx(t.Context(), nil) // SQLite refuses a second one
			if err != nil {
				t.Fatal(err)
			}
			if err := tx.Rollback(); err != nil {
				t.Error(err)
			}
		}
	})
}
