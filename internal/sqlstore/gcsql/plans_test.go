package gcsql_test

import (
	"fmt"
	"regexp"
	"testing"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/sqldb/sqldbtest"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/sqlstore/gcsql"
	"vitrine.dev/internal/sqlstore/storetest"
)

// TestPlans: a part of the renditions, and of the sources, is read along their keys, and what is unused of it along the
// index that has no others, in its order; what refers to them is looked up along indexes. Whether the database
// has statistics of no unused ones, or of many.
func TestPlans(t *testing.T) {
	t.Parallel()
	storetest.OnBoth(t, func(t *testing.T, s *sqlstore.Store) {
		t.Helper()
		exec := storetest.Exec(t, s)
		series, hex := storetest.Series(20_000), `printf('%05x', n * 52)`
		if !s.OneWriter {
			hex = `lpad(to_hex(n * 52), 5, '0')`
		}
		exec(`INSERT INTO products (user_id, name, name_folded, description, price, version, revision, created_at, updated_at, revised_at)
			VALUES (1, 'lamp', 'lamp', '', 1, 1, 1, 0, 0, 0)`)
		exec(fmt.Sprintf(series+`INSERT INTO renditions (key, source_bytes, width, height, placeholder, outputs, created_at)
			SELECT %s, 1, 1, 1, '', '{}', 1 FROM series`, hex))
		exec(fmt.Sprintf(series+`INSERT INTO sources (key, bytes, created_at) SELECT 'sources/' || %s, 1, 1 FROM series`, hex))
		exec(fmt.Sprintf(series+`INSERT INTO images (product_id, user_id, position, source_url, source_host, status, rendition_key, accepted_at, created_at, updated_at)
			SELECT 1, 1, n, 'vitrine:upload/' || %[1]s, 'vitrine:upload', 'ready', %[1]s, 1, 1, 1 FROM series WHERE n %% 10 > 0`, hex))
		exec(fmt.Sprintf(series+`INSERT INTO uploads (id, user_id, source_key, bytes, stored, created_at, expires_at)
			SELECT %[1]s, 1, 'sources/' || %[1]s, 1, 1, 1, 1 FROM series WHERE n %% 10 > 1`, hex))
		check := func(moment string) {
			t.Helper()
			for table, from := range map[string]string{"renditions": "80", "sources": blob.Sources + "80"} {
				for name, statement := range gcsql.Statements(s.Dialect, from) {
					conn, err := s.Reader.Conn(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					plan, err := sqldbtest.Plan(t.Context(), conn, s.OneWriter, statement.Text, append([]any{from, from[:len(from)-2] + "81"}, statement.More...)...)
					if err != nil {
						t.Fatal(err)
					}
					_ = conn.Close()
					index := fmt.Sprintf(`(%s_pkey|INDEX sqlite_autoindex_%s_1 \(key>\? AND key<\?\))`, table, table)
					if statement.OfUnused {
						index = fmt.Sprintf(`(%s_unused\b(?s:.*)Index Cond: \(\(key >|INDEX %s_unused \(key>\? AND key<\?\))`, table, table)
					}
					if bad := regexp.MustCompile(`Seq Scan|Sort Key|hashed|SCAN|TEMP B-TREE`); !regexp.MustCompile(index).MatchString(plan) || bad.MatchString(plan) {
						t.Errorf("%s, %s of %s does not go along %s:\n%s", moment, name, table, index, plan)
					}
				}
			}
		}
		exec(`ANALYZE`)
		check("before any is unused")
		for table := range map[string]bool{"renditions": true, "sources": true} {
			exec(fmt.Sprintf(`UPDATE %s SET unused_since = 1 WHERE substr(key, length(key)) IN ('0', '8')`, table))
		}
		check("with the statistics of before")
		exec(`ANALYZE`)
		check("with those of now")
	})
}
