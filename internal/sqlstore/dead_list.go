package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/sqldb"
)

// dead is what makes an image a dead letter; the indexes are partial by it.
const dead = `status = 'failed' AND discarded_at = 0`

// deadImages selects dead images.
func deadImages(f failures.Filter) *sqldb.Where {
	c := &sqldb.Where{}
	c.Add(dead)
	if f.Reason != "" {
		c.Add("reason = ?", string(f.Reason))
	}
	if f.Host != "" {
		c.Add("source_host = ?", f.Host)
	}
	if f.UserID != 0 {
		c.Add("failed_user = ?", f.UserID)
	}
	if f.ProductID != 0 {
		c.Add("product_id = ?", f.ProductID)
	}
	addTimes(c, "failed_at", f)
	return c
}

// deadMessages selects messages that nobody could read.
func deadMessages(f failures.Filter) *sqldb.Where {
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

// ListFailures implements failures.Store.
func (s *Store) ListFailures(
	ctx context.Context, f failures.Filter, after *failures.Position, limit int,
) (items []failures.Item, err error) {
	err = s.WithRetry(ctx, "list dead items", func(ctx context.Context) error {
		items = []failures.Item{}
		if f.Has(failures.KindImage) {
			images := deadImages(f)
			if after != nil {
				images.Add("(failed_at, id) < (?, ?)", after.At.UnixMilli(), after.Among(failures.KindImage))
			}
			if items, err = s.readDeadImages(ctx, images, limit); err != nil {
				return err
			}
		}
		if f.Has(failures.KindMessage) {
			messages := deadMessages(f)
			if after != nil {
				messages.Add("(received_at, id) < (?, ?)", after.At.UnixMilli(), after.Among(failures.KindMessage))
			}
			more, err := s.readDeadMessages(ctx, messages, limit)
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

func (s *Store) readDeadImages(ctx context.Context, c *sqldb.Where, limit int) ([]failures.Item, error) {
	return sqldb.Collect(ctx, s.Reader, func(row sqldb.Row, f *failures.Item) error {
		f.ID.Kind = failures.KindImage
		return scanAt(row, f, &f.ID.N, &f.ProductID, &f.UserID, &f.SourceURL, &f.Host, &f.Attempts, &f.Reason, &f.Detail, &f.RequestID)
	}, fmt.Sprintf(`
		SELECT id, product_id, failed_user, source_url, source_host, attempts, reason, reason_detail, request_id, failed_at
		FROM images%s ORDER BY failed_at DESC, id DESC LIMIT %d`, c, limit), c.Args...)
}

func (s *Store) readDeadMessages(ctx context.Context, c *sqldb.Where, limit int) ([]failures.Item, error) {
	return sqldb.Collect(ctx, s.Reader, func(row sqldb.Row, f *failures.Item) error {
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

// CountFailures implements failures.Store.
func (s *Store) CountFailures(
	ctx context.Context, a failures.Action, f failures.Filter,
) (n int64, asOf time.Time, err error) {
	var now int64
	err = s.WithRetry(ctx, "count dead items", func(ctx context.Context) error {
		n = 0
		if err := s.Reader.QueryRowContext(ctx, s.SQL(`SELECT {now}`)).Scan(&now); err != nil {
			return err
		}
		for kind, table := range deadTables(a, f) {
			c, column := table.conditions, table.time
			c.Add(column+" <= ?", now)
			var some int64
			if err := s.Reader.QueryRowContext(ctx, `SELECT count(*) FROM `+table.name+c.String(), c.Args...).Scan(&some); err != nil {
				return fmt.Errorf("count %ss: %w", kind, err)
			}
			n += some
		}
		return nil
	})
	return n, sqldb.Time(now), err
}

// deadTable is where the items of one kind are.
type deadTable struct {
	name, time string
	conditions *sqldb.Where
}

// deadTables returns where the items are that the action would be done to.
func deadTables(a failures.Action, f failures.Filter) map[failures.Kind]deadTable {
	tables := map[failures.Kind]deadTable{}
	if f.Has(failures.KindImage) {
		tables[failures.KindImage] = deadTable{"images", "failed_at", deadImages(f)}
	}
	if f.Has(failures.KindMessage) && a == failures.Discard {
		tables[failures.KindMessage] = deadTable{"dead_messages", "received_at", deadMessages(f)}
	}
	return tables
}
