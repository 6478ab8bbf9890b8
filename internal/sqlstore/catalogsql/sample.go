package catalogsql

import (
	"context"
	"fmt"
	"strings"

	"vitrine.dev/internal/catalog/find"
	"vitrine.dev/internal/sqldb"
)

// few returns the terms that few of the user's products have, by a sample of them: of a name those count that
// have its trigrams, in whatever order, as that is what an index reads.
func (s *Products) few(ctx context.Context, from sqldb.Querier, user int64, all []term) ([]term, error) {
	var indexed []term
	for _, t := range all {
		if t.found.text != "" && !t.whole {
			indexed = append(indexed, t)
		}
	}
	if len(indexed) == 0 {
		return nil, nil
	}
	statement, args := s.sample(user, indexed)
	have, of := make([]int, len(indexed)), 0
	_, err := sqldb.Collect(ctx, from, func(row sqldb.Row, _ *struct{}) error {
		var name, terms string
		if err := row.Scan(&name, &terms); err != nil {
			return err
		}
		of++
		for i, t := range indexed {
			if t.pieces == nil && terms[i] == '1' || t.pieces != nil && find.HasAll(name, t.pieces) {
				have[i]++
			}
		}
		return nil
	}, statement, args...)
	if err != nil {
		return nil, err
	}
	var few []term
	for i, t := range indexed {
		if s.isFew(have[i], of) {
			few = append(few, t)
		}
	}
	return few, nil
}

// sample reads names of products, one of each of so many equal ranges of their ids from the user's first to the last, each with
// a digit for each term: whether the product has it. Where in its range one is looks like chance and is always the
// same: at equal distances they would all be alike where each thousandth product is.
func (s *Products) sample(user int64, terms []term) (statement string, args []any) {
	turn := turnOf(s.db)
	var where sqldb.Where
	owner := where.Arg(user)
	digits := make([]string, len(terms))
	for i, t := range terms {
		digits[i] = "'0'"
		if t.pieces == nil {
			var checked sqldb.Where
			checked.Args = where.Args
			checked.Add(t.checked.text, t.checked.args...)
			where.Args = checked.Args
			digits[i] = "CASE WHEN " + strings.TrimPrefix(checked.String(), " WHERE ") + " THEN '1' ELSE '0' END"
		}
	}
	end := func(direction string) string {
		return "(SELECT id FROM products WHERE user_id = " + owner + " ORDER BY " + turn + direction + " LIMIT 1)"
	}
	statement = fmt.Sprintf(`
		WITH RECURSIVE points (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM points WHERE n < %d),
		     ends AS (SELECT %s AS least, %s AS most)
		SELECT candidates.name_folded, %s
		FROM points CROSS JOIN ends JOIN products AS candidates ON candidates.id = (
			SELECT id FROM products WHERE user_id = %s
			   AND %s >= least + (most - least) * n / %d + (most - least) / %[7]d * ((n * n * 40503 + n * 7919) %% 65536) / 65536
			ORDER BY %[6]s LIMIT 1)`,
		find.SampleSize-1, end(""), end(" DESC"), strings.Join(digits, " || "), owner, turn, find.SampleSize)
	return statement, where.Args
}
