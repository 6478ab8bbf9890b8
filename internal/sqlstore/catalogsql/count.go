package catalogsql

import (
	"context"
	"encoding/json"
	"fmt"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/find"
	"vitrine.dev/internal/sqldb"
)

// mostCounted is up to where an estimate is counted.
const mostCounted = 10_000

// CountProducts implements catalog.Store. An estimate is that of PostgreSQL's planner;
// SQLite has none.
func (s *Products) CountProducts(ctx context.Context, f catalog.Filter, estimated bool) (n int64, err error) {
	return s.countProducts(ctx, s.db, f, estimated)
}

// countProducts goes along the index of the order where that has all that the filter asks for, and
// else by what the indexes find of it, as a list does (TestPlansOfCounts).
func (s *Products) countProducts(ctx context.Context, db reader, f catalog.Filter, estimated bool) (n int64, err error) {
	f.After, f.Limit = find.Position{}, 0 // all of them
	l, err := s.listing(ctx, f)
	if err != nil {
		return 0, err
	}
	chosen, way := l.found, db.Through
	if chosen.most == 0 {
		chosen, way = l.walk, db.Along
	}
	chosen.inOrder = false
	source, where := l.source(chosen)
	count := func(statement string, where sqldb.Where) (n int64, err error) {
		err = way(ctx, "count products", func(ctx context.Context, from sqldb.Querier) error {
			n, err = sqldb.Number(ctx, from, statement, where.Args...)
			return err
		})
		return n, err
	}
	if !estimated || s.db.OneWriter {
		return count(`SELECT count(*) FROM `+source, where)
	}
	few := where
	n, err = count(`SELECT count(*) FROM (SELECT id FROM `+source+` LIMIT `+few.Arg(mostCounted+1)+`) AS few`, few)
	if err != nil || n <= mostCounted {
		return n, err
	}
	plan, err := sqldb.Select(ctx, s.db, "estimate products", func(row sqldb.Row, plan *string) error { return row.Scan(plan) },
		`EXPLAIN (FORMAT JSON) SELECT id FROM `+source, where.Args...)
	if err != nil {
		return 0, err
	}
	var explained []struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		}
	}
	if err := json.Unmarshal([]byte(plan[0]), &explained); err != nil || len(explained) == 0 {
		return 0, fmt.Errorf("estimate products: %q: %w", plan[0], err)
	}
	return max(n, int64(explained[0].Plan.Rows)), nil
}
