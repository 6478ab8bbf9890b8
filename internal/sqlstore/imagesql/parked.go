package imagesql

import (
	"context"
	"fmt"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/sqldb"
)

// rowFields are the columns of a dispatch.Row.
const rowFields = `id, user_id, source_host, stage, class, coalesce(rank, 0), cost, dispatched_until, lease_until > 0, due_at, tried = 1`

func rowTargets(r *dispatch.Row) []any {
	return []any{&r.ID, &r.UserID, &r.Host, &r.Stage, &r.Class, &r.Rank, &r.Cost, &r.Token, &r.Begun, &r.DueAt, &r.Tried}
}

func scanRow(row sqldb.Row, r *dispatch.Row) error { return row.Scan(rowTargets(r)...) }

// walk reads the next hosts that have parked images.
func (s *Images) walk(ctx context.Context, from sqldb.Querier, after string) ([]string, error) {
	return sqldb.Collect(ctx, from, func(row sqldb.Row, host *string) error { return row.Scan(host) }, fmt.Sprintf(`
		WITH RECURSIVE walked (host, n) AS (
			SELECT (SELECT i.source_host FROM images i WHERE i.stage = 1 AND i.source_host > $1
				ORDER BY i.source_host, i.tried, i.user_id, i.id LIMIT 1), 1
			UNION ALL SELECT (SELECT i.source_host FROM images i WHERE i.stage = 1 AND i.source_host > w.host
				ORDER BY i.source_host, i.tried, i.user_id, i.id LIMIT 1), w.n + 1
			FROM walked w WHERE w.host IS NOT NULL AND w.n < %d)
		SELECT host FROM walked WHERE host IS NOT NULL`, dispatch.WalkedAtOnce), after)
}

// nextOf reads a host's next parked images: never tried or tried first, by turns of
// users from one on. Each part runs only if those before it were short.
const nextOf = `
	SELECT * FROM (SELECT id FROM images WHERE stage = 1 AND source_host = %[1]s AND tried = %[2]s AND user_id > %[3]s
		ORDER BY user_id, id LIMIT %[4]d) AS next_users
	UNION ALL SELECT * FROM (SELECT id FROM images WHERE stage = 1 AND source_host = %[1]s AND tried = %[2]s AND user_id <= %[3]s
		ORDER BY user_id, id LIMIT %[4]d) AS first_users
	UNION ALL SELECT * FROM (SELECT id FROM images WHERE stage = 1 AND source_host = %[1]s AND tried = 1 - %[2]s AND user_id > %[3]s
		ORDER BY user_id, id LIMIT %[4]d) AS next_others
	UNION ALL SELECT * FROM (SELECT id FROM images WHERE stage = 1 AND source_host = %[1]s AND tried = 1 - %[2]s AND user_id <= %[3]s
		ORDER BY user_id, id LIMIT %[4]d) AS first_others
	LIMIT %[5]s`

// probeOf reads the image that a breaker is probed with: one never tried, the first
// or the last that became due, else the one tried longest ago.
const probeOf = `
	SELECT * FROM (SELECT id FROM images WHERE stage = 1 AND source_host = %[1]s AND tried = 0 AND %[2]s = 0 ORDER BY due_at LIMIT 1) AS first_due
	UNION ALL SELECT * FROM (SELECT id FROM images WHERE stage = 1 AND source_host = %[1]s AND tried = 0 AND %[2]s = 1
		ORDER BY due_at DESC LIMIT 1) AS last_due
	UNION ALL SELECT * FROM (SELECT id FROM images WHERE stage = 1 AND source_host = %[1]s AND tried = 1 ORDER BY due_at LIMIT 1) AS tried_first
	LIMIT 1`

// nextParked reads what is asked for, of each host in its order. What has failed with
// its host since the first of its statements is left out.
func (s *Images) nextParked(ctx context.Context, from sqldb.Querier, asks []dispatch.Ask) (rows []dispatch.Row, err error) {
	most := 1
	var turns, probes []dispatch.Ask
	for _, a := range asks {
		if most = max(most, a.Limit); a.Probe {
			probes = append(probes, a)
		} else {
			turns = append(turns, a)
		}
	}
	ids, err := s.parkedIDs(ctx, from, probes, func(host string, n []string) string { return fmt.Sprintf(probeOf, host, n[3]) })
	if err != nil {
		return nil, err
	}
	more, err := s.parkedIDs(ctx, from, turns, func(host string, n []string) string {
		return fmt.Sprintf(nextOf, host, n[1], n[0], most, n[2])
	})
	if ids = append(ids, more...); err != nil || len(ids) == 0 {
		return nil, err
	}
	table := make([][]int64, len(ids))
	for i, id := range ids {
		table[i] = []int64{id, int64(i)}
	}
	numbers, args := s.db.Numbers(1, []string{"row_id", "n"}, table)
	return sqldb.Collect(ctx, from, scanRow, `SELECT `+rowFields+` FROM `+numbers+` JOIN images ON id = row_id WHERE stage + 0 = 1 ORDER BY n`, args...)
}

// parkedIDs runs a selection for each of the asks: what it is given are the host
// and, as numbers, the user after whom, whether tried first, how many, and whether the last.
func (s *Images) parkedIDs(
	ctx context.Context, from sqldb.Querier, asks []dispatch.Ask, selection func(host string, numbers []string) string,
) (ids []int64, err error) {
	if len(asks) == 0 {
		return nil, nil
	}
	number := map[bool]int64{true: 1}
	hosts, columns := make([]string, len(asks)), [4][]int64{}
	for i, a := range asks {
		hosts[i] = a.Host
		for c, n := range [4]int64{a.After, number[a.Tried], int64(a.Limit), number[a.Last]} {
			columns[c] = append(columns[c], n)
		}
	}
	if !s.db.OneWriter {
		query := `SELECT x.id FROM unnest($1::TEXT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[], $5::BIGINT[]) AS a (host, n1, n2, n3, n4),
			LATERAL (` + selection("a.host", []string{"a.n1", "a.n2", "a.n3", "a.n4"}) + `) AS x`
		return sqldb.IDs(ctx, from, query, hosts, columns[0], columns[1], columns[2], columns[3])
	}
	query := selection("$1", []string{"$2", "$3", "$4", "$5"})
	for i, host := range hosts {
		found, err := sqldb.IDs(ctx, from, query, host, columns[0][i], columns[1][i], columns[2][i], columns[3][i])
		if err != nil {
			return nil, err
		}
		ids = append(ids, found...)
	}
	return ids, nil
}
