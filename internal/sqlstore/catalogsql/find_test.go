package catalogsql_test

import (
	"testing"

	"vitrine.dev/internal/catalog/find"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/sqlstore/storetest"
)

// TestFindBeyondTheWalk: lists are the same where the walk along their order ends early, and goes on in
// the next page where many of a sample have what is asked for.
func TestFindBeyondTheWalk(t *testing.T) {
	t.Parallel()
	for name, few := range map[string]func(have, of int) bool{
		"few": func(int, int) bool { return true }, "many": func(int, int) bool { return false }, "by the sample": find.Few,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.OnBoth(t, func(t *testing.T, s *sqlstore.Store) {
				t.Helper()
				s.SetMostWalked(3)
				s.SetFew(few)
				storetest.Find(t, s)
			})
		})
	}
}
