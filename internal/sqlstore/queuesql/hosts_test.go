package queuesql_test

import (
	"fmt"
	"testing"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/sqlstore/storetest"
)

// TestBusyBeyondTheWalk: parked images are counted of a host that has some out, however many hosts with
// parked images come before it.
func TestBusyBeyondTheWalk(t *testing.T) {
	t.Parallel()
	storetest.OnBoth(t, func(t *testing.T, s *sqlstore.Store) {
		t.Helper()
		exec := storetest.Exec(t, s)
		exec(`INSERT INTO products (user_id, name, name_folded, description, price, version, revision, created_at, updated_at, revised_at, images_pending, images_ready, images_failed)
			VALUES (1, 'n', 'n', '', 1, 1, 1, 0, 0, 0, 0, 0, 0)`)
		insert := func(host string, stage, from, to int) {
			t.Helper()
			exec(fmt.Sprintf(`WITH RECURSIVE series (n) AS (SELECT CAST(%d AS BIGINT) UNION ALL SELECT n + 1 FROM series WHERE n < %d)
				INSERT INTO images (stage, due_at, accepted_at, created_at, updated_at, user_id, product_id, position, source_url, source_host, class, dispatched_until)
				SELECT %d, 0, 0, 0, 0, 1, (SELECT max(id) FROM products), n, '', %s, 0, 1 FROM series`, from, to, stage, host))
		}
		const most = dispatch.FailingMost
		insert("'a-' || CAST(n AS TEXT)", 1, 1, most)
		insert("'z'", 1, most+1, most+3)
		insert("'z'", 3, most+4, most+5)
		hosts, err := s.BusyHosts(t.Context(), 2)
		if err != nil || len(hosts) != 2 {
			t.Fatal(hosts, err)
		}
		if z := hosts[0]; z.Name != "z" || z.Parked != 3 || z.InFlight != 2 {
			t.Errorf("the busiest host is %+v", z)
		}
	})
}
