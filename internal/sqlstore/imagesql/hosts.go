package imagesql

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqldb"
)

// hostFields are the columns of a dispatch.Host.
const hostFields = `answered_at, failures, counted, failing_at, failed_at, open_until, recent_ms, reason, reason_detail`

// hostRow is a row of hosts, whose columns are NULL where there is none.
type hostRow struct {
	host                                              string
	answered, failures, failing, failed, open, recent sql.NullInt64
	counted, reason, detail                           sql.NullString
	ranks                                             sql.NullString
}

func (r *hostRow) targets() []any {
	return []any{
		&r.host, &r.answered, &r.failures, &r.counted, &r.failing, &r.failed, &r.open, &r.recent, &r.reason, &r.detail,
	}
}

func (r *hostRow) state() (h dispatch.HostState, err error) {
	h.AnsweredAt, h.Failures, h.FailingAt, h.FailedAt = r.answered.Int64, int(r.failures.Int64), r.failing.Int64, r.failed.Int64
	h.OpenUntil, h.RecentMS, h.Reason, h.ReasonText = r.open.Int64, r.recent.Int64, fault.Reason(r.reason.String), r.detail.String
	if r.counted.String != "" {
		if err := json.Unmarshal([]byte(r.counted.String), &h.Counted); err != nil {
			return h, fmt.Errorf("counted URLs of %s: %w", r.host, err)
		}
	}
	for rank := range strings.SplitSeq(r.ranks.String, ",") {
		if rank == "" {
			continue
		}
		n, err := strconv.ParseInt(rank, 10, 64)
		if err != nil {
			return h, fmt.Errorf("ranks of %s: %w", r.host, err)
		}
		h.Ranks = append(h.Ranks, n)
	}
	slices.Sort(h.Ranks)
	return h, nil
}

// hostsOf returns the hosts of the window's rows and more, each once.
func hostsOf(w dispatch.Window, more []string) []string {
	for _, r := range slices.Concat(w.Out, w.Line[0], w.Line[1], w.Due) {
		more = append(more, r.Host)
	}
	slices.Sort(more)
	return slices.Compact(more)
}

// hostStates reads the hosts, and of each its lowest ranks in line, or out and not
// downloaded. None is below the lowest.
func (s *Images) hostStates(
	ctx context.Context, from sqldb.Querier, hosts []string, out []dispatch.Row, ranks int, lowest int64,
) (map[string]dispatch.HostState, error) {
	states := map[string]dispatch.HostState{}
	if len(hosts) == 0 {
		return states, nil
	}
	fetched := [][]int64{{0}} // never empty
	for _, r := range out {
		if r.Fetched {
			fetched = append(fetched, []int64{r.ID})
		}
	}
	table, arg := s.db.Texts(2, "name", hosts)
	numbers, args := s.db.Numbers(3, []string{"fetched_id"}, fetched)
	list, err := sqldb.Collect(ctx, from, func(row sqldb.Row, r *hostRow) error {
		return row.Scan(append(r.targets(), &r.ranks)...)
	}, fmt.Sprintf(`
		SELECT name, %s, (SELECT string_agg(CAST(rank AS TEXT), ',') FROM (
			SELECT rank FROM images WHERE source_host = name AND stage >= 2 AND rank >= $1
				AND id NOT IN (SELECT fetched_id FROM %s) ORDER BY rank LIMIT %d) AS lowest)
		FROM %s LEFT JOIN hosts ON host = name`, hostFields, numbers, ranks, table), append([]any{lowest, arg}, args...)...)
	for _, r := range list {
		if states[r.host], err = r.state(); err != nil {
			return nil, err
		}
	}
	return states, err
}

// wakeHosts lets a probe through to hosts whose breaker was open long enough.
func (s *Images) wakeHosts(ctx context.Context, tx *sql.Tx, hosts []string) error {
	if len(hosts) == 0 {
		return nil
	}
	table, arg := s.db.Texts(1, "name", hosts)
	_, err := tx.ExecContext(ctx, s.db.SQL(
		`UPDATE hosts SET open_until = 0 WHERE open_until <= {now} AND host IN (SELECT name FROM `+table+`)`), arg)
	return err
}
