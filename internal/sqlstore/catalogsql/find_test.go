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
	for _, c := range []struct {
		name   string
		few    func(have, of int) bool
		limits []int
	}{
		{"few", func(int, int) bool { return true }, []int{5, 100}},
		{"many", func(int, int) bool { return false }, []int{5, 100}},
		{"by the sample", find.Few, []int{1, 5, 100}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			storetest.OnBoth(t, func(t *testing.T, s *sqlstore.Store) {
				t.Helper()
				s.SetMostWalked(3)
				s.SetFew(c.few)
				storetest.FindPages(t, s, c.limits...)
			})
		})
	}
}
