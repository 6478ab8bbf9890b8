package catalogsql_test

import (
	"testing"

	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/sqlstore/storetest"
)

// TestFindBeyondTheWalk: lists are the same where the walk along their order ends early.
func TestFindBeyondTheWalk(t *testing.T) {
	t.Parallel()
	storetest.OnBoth(t, func(t *testing.T, s *sqlstore.Store) {
		t.Helper()
		s.SetMostWalked(3)
		storetest.Find(t, s)
	})
}
