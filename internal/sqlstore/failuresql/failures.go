package failuresql

import (
	"context"
	"fmt"
	"slices"
	"time"

	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/imagesql"
)

// Failures implements failures.Store, but for the replays, which are of imagesql, and
// media.Store for what is no job.
type Failures struct{ db *sqldb.DB }

// New returns the failures of the database.
func New(db *sqldb.DB) *Failures { return &Failures{db} }

// ListFailures implements failures.Store.
func (s *Failures) ListFailures(
	ctx context.Context, f failures.Filter, after *failures.Position, limit int,
) (items []failures.Item, err error) {
	err = s.db.WithRetry(ctx, "list dead items", func(ctx context.Context) error {
		items = []failures.Item{}
		if f.Has(failures.KindImage) {
			images := listedImages(f)
			if after != nil {
				images.Add("(failed_at, id) < (?, ?)", after.At.UnixMilli(), after.Among(failures.KindImage))
			}
			if items, err = s.readImages(ctx, images, limit); err != nil {
				return err
			}
		}
		if f.Has(failures.KindMessage) {
			messages := listedMessages(f)
			if after != nil {
				messages.Add("(received_at, id) < (?, ?)", after.At.UnixMilli(), after.Among(failures.KindMessage))
			}
			more, err := s.readMessages(ctx, messages, limit)
			if err != nil {
				return err
			}
			items = append(items, more...)
		}
		return nil
	})
	slices.SortFunc(items, func(a, b failures.Item) int { return b.Position().Compare(a.Position()) })
	return items[:min(limit, len(items))], err
}

func (s *Failures) readImages(ctx context.Context, c *sqldb.Where, limit int) ([]failures.Item, error) {
	return sqldb.Collect(ctx, s.db.Reader, func(row sqldb.Row, f *failures.Item) error {
		f.ID.Kind = failures.KindImage
		return scanAt(row, f, &f.ID.N, &f.ProductID, &f.UserID, &f.SourceURL, &f.Host, &f.Attempts, &f.Reason, &f.Detail, &f.RequestID)
	}, fmt.Sprintf(`
		SELECT id, product_id, user_id, source_url, source_host, attempts, reason, reason_detail, request_id, failed_at
		FROM images%s ORDER BY failed_at DESC, id DESC LIMIT %d`, c, limit), c.Args...)
}

func (s *Failures) readMessages(ctx context.Context, c *sqldb.Where, limit int) ([]failures.Item, error) {
	return sqldb.Collect(ctx, s.db.Reader, func(row sqldb.Row, f *failures.Item) error {
		f.ID.Kind, f.Reason, f.Detail = failures.KindMessage, failures.Unreadable, failures.UnreadableDetail
		return scanAt(row, f, &f.ID.N, &f.MessageID, &f.Bytes, &f.Preview)
	}, fmt.Sprintf(`
		SELECT id, message_id, bytes, substr(body, 1, %d), received_at
		FROM dead_messages%s ORDER BY received_at DESC, id DESC LIMIT %d`, failures.PreviewBytes, c, limit), c.Args...)
}

// scanAt reads a row of the fields, followed by the time of the failure.
func scanAt(row sqldb.Row, f *failures.Item, fields ...any) error {
	var at int64
	err := row.Scan(append(fields, &at)...)
	f.FailedAt = sqldb.Time(at)
	return err
}

// CountListed implements failures.Store.
func (s *Failures) CountListed(ctx context.Context, most int) (counts map[failures.Kind]int, err error) {
	err = s.db.Along(ctx, "count the list of failures", func(ctx context.Context, from sqldb.Querier) error {
		counts = make(map[failures.Kind]int)
		for kind, statement := range countListed(most) {
			n, err := sqldb.Number(ctx, from, statement)
			if err != nil {
				return err
			}
			counts[kind] = int(n)
		}
		return nil
	})
	return counts, err
}

// countListed counts each kind along the index of the list, by its time (TestPlans).
func countListed(most int) map[failures.Kind]string {
	const bounded = `SELECT count(*) FROM (SELECT 1 FROM %s ORDER BY %s LIMIT %d) AS listed`
	return map[failures.Kind]string{
		failures.KindImage:   fmt.Sprintf(bounded, "images WHERE "+imagesql.Listed, "failed_at, id", most),
		failures.KindMessage: fmt.Sprintf(bounded, "dead_messages"+listedMessages(failures.Filter{}).String(), "received_at, id", most),
	}
}

// CountFailures implements failures.Store.
func (s *Failures) CountFailures(
	ctx context.Context, a failures.Action, f failures.Filter,
) (n int64, asOf time.Time, err error) {
	var now int64
	err = s.db.Along(ctx, "count dead items", func(ctx context.Context, from sqldb.Querier) error {
		n = 0
		if now, err = sqldb.Number(ctx, from, s.db.SQL(`SELECT {now}`)); err != nil {
			return err
		}
		for kind, table := range tablesOf(a, f) {
			statement, args := countAll(table, now)
			some, err := sqldb.Number(ctx, from, statement, args...)
			if err != nil {
				return fmt.Errorf("count %ss: %w", kind, err)
			}
			n += some
		}
		return nil
	})
	return n, sqldb.Time(now), err
}

// countAll counts what is in the table and was at that time, along the indexes of the list (TestCountPlans).
func countAll(t table, asOf int64) (statement string, args []any) {
	t.conditions.Add(t.time+" <= ?", asOf)
	return `SELECT count(*) FROM ` + t.name + t.conditions.String(), t.conditions.Args
}

// listedImages selects failed images.
func listedImages(f failures.Filter) *sqldb.Where {
	c := &sqldb.Where{}
	c.Add(imagesql.Listed)
	if f.Reason != "" {
		c.Add("reason = ?", string(f.Reason))
	}
	if f.Host != "" {
		c.Add("source_host = ?", f.Host)
	}
	if f.UserID != 0 {
		c.Add("user_id = ?", f.UserID)
	}
	if f.ProductID != 0 {
		c.Add("product_id = ?", f.ProductID)
	}
	addTimes(c, "failed_at", f)
	return c
}

// listedMessages selects messages that no one could read.
func listedMessages(f failures.Filter) *sqldb.Where {
	c := &sqldb.Where{}
	c.Add(`discarded_at = 0`)
	addTimes(c, "received_at", f)
	return c
}

// addTimes adds the filter's bounds of time.
func addTimes(c *sqldb.Where, column string, f failures.Filter) {
	if !f.FailedAfter.IsZero() {
		c.Add(column+" >= ?", ceilMilli(f.FailedAfter))
	}
	if !f.FailedBefore.IsZero() {
		c.Add(column+" < ?", ceilMilli(f.FailedBefore))
	}
}

// ceilMilli is the first millisecond that is not before t: with it, >= and <
// mean for whole milliseconds what they mean for t.
func ceilMilli(t time.Time) int64 { return t.Add(time.Millisecond - time.Nanosecond).UnixMilli() }

// table is where the failures of one kind are.
type table struct {
	name, time string
	conditions *sqldb.Where
}

// tablesOf returns where the failures are that the action would be done to.
func tablesOf(a failures.Action, f failures.Filter) map[failures.Kind]table {
	tables := map[failures.Kind]table{}
	if f.Has(failures.KindImage) {
		tables[failures.KindImage] = table{"images", "failed_at", listedImages(f)}
	}
	if f.Has(failures.KindMessage) && a == failures.Discard {
		tables[failures.KindMessage] = table{"dead_messages", "received_at", listedMessages(f)}
	}
	return tables
}
