package imagesql

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqldb"
)

// usedWithin is how exact used_at is, in milliseconds: most fetches do not move it,
// so that they change no index.
const usedWithin = 600_000

// knownHost is a host as the database has it.
type knownHost struct {
	dispatch.Host

	usedAt, now int64
}

// RecordFetches implements media.Store. Where the fetches change nothing that
// matters, nothing is written.
func (s *Images) RecordFetches(ctx context.Context, fetches []media.Fetch) (breakers []media.Breaker, err error) {
	hosts := make([]string, len(fetches))
	for i, f := range fetches {
		hosts[i] = f.Host
	}
	slices.Sort(hosts)
	hosts = slices.Compact(hosts)
	var known map[string]knownHost
	err = s.db.WithRetry(ctx, "read hosts", func(ctx context.Context) (err error) {
		known, err = s.knownHosts(ctx, s.db.Reader, hosts, "")
		return err
	})
	if err != nil || len(known) == len(hosts) && len(observed(known, fetches)) == 0 {
		return nil, err
	}
	differs := false
	err = s.db.InTx(ctx, "record fetches", func(ctx context.Context, tx *sql.Tx) error {
		table, arg := s.db.Texts(1, "name", hosts)
		_, err := tx.ExecContext(ctx, fmt.Sprintf(`
			INSERT INTO hosts (host) SELECT name FROM %s WHERE NOT EXISTS (SELECT 1 FROM hosts WHERE host = name) ORDER BY name
			ON CONFLICT (host) DO NOTHING`, table), arg)
		if err != nil {
			return err
		}
		before, err := s.knownHosts(ctx, tx, hosts, "{for update}")
		if err != nil {
			return err
		}
		changed := observed(before, fetches)
		breakers, differs = nil, false
		for host, h := range changed {
			b := before[host]
			differs = differs || (b.AnsweredAt == 0) != (h.AnsweredAt == 0) || b.Failures != h.Failures || b.OpenUntil != h.OpenUntil
			if opened, closed := dispatch.Breaker(b.Host, h.Host); opened || closed {
				breakers = append(breakers, media.Breaker{Host: host, Open: opened, Failures: h.Failures, Reason: h.Reason})
			}
		}
		return s.writeHosts(ctx, tx, changed)
	})
	if err == nil && differs { // a dispatcher may have to do something else
		s.db.Committed()
	}
	return breakers, err
}

// observed returns those hosts that the fetches make different.
func observed(known map[string]knownHost, fetches []media.Fetch) map[string]knownHost {
	next := map[string]knownHost{}
	for _, f := range fetches {
		h, seen := next[f.Host]
		if !seen {
			h = known[f.Host]
		}
		h.Host = dispatch.Observe(h.Host, h.now, f)
		next[f.Host] = h
	}
	for host, h := range next {
		before := known[host]
		fresh := h.now-before.usedAt < usedWithin
		if !fresh {
			h.usedAt = h.now
			next[host] = h
		}
		if fresh && before.Same(h.Host) {
			delete(next, host)
		}
	}
	return next
}

func (s *Images) knownHosts(ctx context.Context, from sqldb.Querier, hosts []string, lock string) (map[string]knownHost, error) {
	type row struct {
		hostRow

		used, now int64
	}
	table, arg := s.db.Texts(1, "name", hosts)
	list, err := sqldb.Collect(ctx, from, func(found sqldb.Row, r *row) error {
		return found.Scan(append(r.targets(), &r.used, &r.now)...)
	}, s.db.SQL(`
		SELECT host, `+hostFields+`, used_at, {now} FROM hosts WHERE host IN (SELECT name FROM `+table+`) ORDER BY host`+lock), arg)
	if err != nil {
		return nil, err
	}
	known := make(map[string]knownHost, len(list))
	for _, r := range list {
		state, err := r.state()
		if err != nil {
			return nil, err
		}
		known[r.host] = knownHost{Host: state.Host, usedAt: r.used, now: r.now}
	}
	return known, nil
}

// ReviseHost implements dispatch.InspectorStore.
func (s *Images) ReviseHost(ctx context.Context, name string, rule func(dispatch.Host, int64) (dispatch.Host, error)) error {
	return s.db.InTxNotify(ctx, "revise host", func(ctx context.Context, tx *sql.Tx) error {
		known, err := s.knownHosts(ctx, tx, []string{name}, "{for update}")
		if err != nil {
			return err
		}
		h, found := known[name]
		if !found {
			return dispatch.ErrUnknownHost
		}
		if h.Host, err = rule(h.Host, h.now); err != nil {
			return err
		}
		return s.writeHosts(ctx, tx, map[string]knownHost{name: h})
	})
}

func (s *Images) writeHosts(ctx context.Context, tx *sql.Tx, hosts map[string]knownHost) error {
	if len(hosts) == 0 {
		return nil
	}
	rows := make([][]any, 0, len(hosts))
	for host, h := range hosts {
		counted, err := json.Marshal(append([]int64{}, h.Counted...))
		if err != nil {
			return fmt.Errorf("encode counted URLs: %w", err)
		}
		rows = append(rows, []any{
			host, h.AnsweredAt, h.Failures, string(counted), h.FailingAt, h.FailedAt, h.OpenUntil, h.RecentMS,
			string(h.Reason), h.ReasonText, h.usedAt,
		})
	}
	values, args := s.db.Tuples("(%s)", rows)
	_, err := tx.ExecContext(ctx, fmt.Sprintf(`INSERT INTO hosts (host, %s, used_at) VALUES %s
		ON CONFLICT (host) DO UPDATE SET answered_at = excluded.answered_at, failures = excluded.failures, counted = excluded.counted,
			failing_at = excluded.failing_at, failed_at = excluded.failed_at, open_until = excluded.open_until,
			recent_ms = excluded.recent_ms, reason = excluded.reason, reason_detail = excluded.reason_detail, used_at = excluded.used_at`, hostFields, values), args...)
	return err
}

// ForgetHosts implements media.Store.
func (s *Images) ForgetHosts(ctx context.Context, unused time.Duration, most, limit int) (forgotten int, err error) {
	for _, forget := range []struct {
		selection string
		arg       int64
	}{
		{`SELECT host FROM hosts WHERE used_at < {now} - $1 ORDER BY used_at LIMIT $2`, unused.Milliseconds()},
		{`SELECT host FROM hosts ORDER BY used_at DESC LIMIT $2 OFFSET $1`, int64(most)},
	} {
		n, err := s.db.Exec(ctx, "forget hosts", `DELETE FROM hosts WHERE host IN (`+forget.selection+`)`, forget.arg, limit)
		if err != nil {
			return forgotten, err
		}
		forgotten += n
	}
	return forgotten, nil
}
