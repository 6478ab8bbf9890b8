package refreshsql_test

import (
	"regexp"
	"testing"
	"time"

	"vitrine.dev/internal/refresh"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/sqlstore/refreshsql"
	"vitrine.dev/internal/sqlstore/storetest"
)

// TestPlans: ready images are counted along indexes: all of them, and those of a user, along one that has all that is
// asked for, so that no row is read. Whether one user has nearly all of them, or few, and whether the database has
// statistics of them or not.
func TestPlans(t *testing.T) {
	t.Parallel()
	storetest.OnBoth(t, func(t *testing.T, s *sqlstore.Store) {
		t.Helper()
		exec := storetest.Exec(t, s)
		series := storetest.Series(20_000)
		exec(`INSERT INTO users (id, name, created_at) VALUES (2, 'user', 0), (3, 'user', 0)`)
		exec(series + `INSERT INTO products (id, user_id, name, name_folded, description, price, version, revision, created_at, updated_at, revised_at, images_ready)
			SELECT n, CASE WHEN n % 10 < 9 THEN 2 ELSE 3 END, 'lamp', 'lamp', '', 1, 1, 1, 0, 0, 0, 1 FROM series`)
		exec(series + `INSERT INTO images (product_id, user_id, position, source_url, source_host, status, stage, accepted_at, created_at, updated_at)
			SELECT n, CASE WHEN n % 10 < 9 THEN 2 ELSE 3 END, 0, '', 'host-' || CAST(n % 100 AS TEXT), 'ready', CASE WHEN n % 100 = 0 THEN 0 END, n, n, n FROM series`)
		const whole = `Index Only Scan using images_ready|USING COVERING INDEX images_ready`
		check := func(moment string) {
			t.Helper()
			for name, c := range map[string]struct {
				filter refresh.Filter
				along  string
			}{
				"all":                   {refresh.Filter{}, whole},
				"before":                {refresh.Filter{UpdatedBefore: time.UnixMilli(100)}, whole},
				"user of most":          {refresh.Filter{UserID: 2}, whole},
				"user of few":           {refresh.Filter{UserID: 3}, whole},
				"user, before":          {refresh.Filter{UserID: 2, UpdatedBefore: time.UnixMilli(100)}, whole},
				"host":                  {refresh.Filter{Host: "host-7"}, `images_by_host\b`},
				"host of user":          {refresh.Filter{UserID: 2, Host: "host-7"}, `images_by_host_of_user`},
				"products":              {refresh.Filter{ProductIDs: []int64{7, 17, 19}}, `images_by_product`},
				"products of user":      {refresh.Filter{UserID: 2, ProductIDs: []int64{7, 17, 19}}, `images_by_product`},
				"products of user, old": {refresh.Filter{UserID: 2, ProductIDs: []int64{7, 17, 19}, UpdatedBefore: time.UnixMilli(100)}, `images_by_product`},
				"host of products":      {refresh.Filter{Host: "host-7", ProductIDs: []int64{7, 17, 19}}, `images_by_(product|host)`},
			} {
				statement, args := refreshsql.CountStatement(c.filter, 30_000)
				plan := storetest.Plan(t, s, statement, args...)
				if !regexp.MustCompile(c.along).MatchString(plan) || regexp.MustCompile(`Seq Scan|SCAN images$`).MatchString(plan) {
					t.Errorf("%s, %s is not counted along %s:\n%s", moment, name, c.along, plan)
				}
			}
		}
		check("without statistics")
		exec(`ANALYZE`)
		check("with statistics")
		if n, _, err := s.CountReady(t.Context(), refresh.Filter{UserID: 2}); err != nil || n != 17_800 {
			t.Errorf("%d images, %v", n, err)
		}
	})
}
