package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"vitrine.dev/internal/failures"
)

// dead is what makes an image a dead letter; the indexes are partial by it.
const dead = `status = 'failed' AND discarded_at = 0`

// conditions are the terms of a WHERE clause with their arguments.
type conditions struct {
	terms []string
	args  []any
}

// add adds a term; each ? in it stands for the next of the values.
func (c *conditions) add(term string, values ...any) {
	for _, v := range values {
		c.args = append(c.args, v)
		term = strings.Replace(term, "?", fmt.Sprintf("$%d", len(c.args)), 1)
	}
	c.terms = append(c.terms, term)
}

func (c *conditions) where() string { return ` WHERE ` + strings.Join(c.terms, ` AND `) }

// deadImages selects dead images.
func deadImages(f failures.Filter) *conditions {
	c := &conditions{terms: []string{dead}}
	if f.Reason != "" {
		c.add("reason = ?", string(f.Reason))
	}
	if f.Host != "" {
		c.add("source_host = ?", f.Host)
	}
	if f.UserID != 0 {
		c.add("failed_user = ?", f.UserID)
	}
	if f.ProductID != 0 {
		c.add("product_id = ?", f.ProductID)
	}
	c.between("failed_at", f)
	return c
}

// deadMessages selects messages that nobody could read.
func deadMessages(f failures.Filter) *conditions {
	c := &conditions{terms: []string{`discarded_at = 0`}}
	c.between("received_at", f)
	return c
}

func (c *conditions) between(column string, f failures.Filter) {
	if !f.FailedAfter.IsZero() {
		c.add(column+" >= ?", ceilMilli(f.FailedAfter))
	}
	if !f.FailedBefore.IsZero() {
		c.add(column+" < ?", ceilMilli(f.FailedBefore))
	}
}

// ceilMilli is the first millisecond that is not before t: with it, >= and <
// mean for whole milliseconds what they mean for t.
func ceilMilli(t time.Time) int64 { return t.Add(time.Millisecond - time.Nanosecond).UnixMilli() }

// ListFailures implements failures.Store.
func (s *Store) ListFailures(
	ctx context.Context, f failures.Filter, after *failures.Position, limit int,
) (letters []failures.Item, err error) {
	err = s.patiently(ctx, "list dead letters", func(ctx context.Context) error {
		letters = []failures.Item{}
		if f.Has(failures.KindImage) {
			images := deadImages(f)
			if after != nil {
				images.add("(failed_at, id) < (?, ?)", after.At.UnixMilli(), after.Among(failures.KindImage))
			}
			if letters, err = s.readDeadImages(ctx, images, limit); err != nil {
				return err
			}
		}
		if f.Has(failures.KindMessage) {
			messages := deadMessages(f)
			if after != nil {
				messages.add("(received_at, id) < (?, ?)", after.At.UnixMilli(), after.Among(failures.KindMessage))
			}
			more, err := s.readDeadMessages(ctx, messages, limit)
			if err != nil {
				return err
			}
			letters = append(letters, more...)
		}
		return nil
	})
	slices.SortFunc(letters, func(a, b failures.Item) int { return b.Position().Compare(a.Position()) })
	return letters[:min(limit, len(letters))], err
}

func (s *Store) readDeadImages(ctx context.Context, c *conditions, limit int) ([]failures.Item, error) {
	rows, err := s.read.QueryContext(ctx, fmt.Sprintf(`
		SELECT id, product_id, failed_user, source_url, source_host, attempts, reason, reason_detail, request_id, failed_at
		FROM images%s ORDER BY failed_at DESC, id DESC LIMIT %d`, c.where(), limit), c.args...)
	return scanLetters(rows, err, failures.KindImage, func(l *failures.Item, at *int64) []any {
		return []any{
			&l.ID.N, &l.ProductID, &l.UserID, &l.SourceURL, &l.Host, &l.Attempts, &l.Reason, &l.Detail, &l.RequestID, at,
		}
	})
}

func (s *Store) readDeadMessages(ctx context.Context, c *conditions, limit int) ([]failures.Item, error) {
	rows, err := s.read.QueryContext(ctx, fmt.Sprintf(`
		SELECT id, message_id, bytes, substr(body, 1, %d), received_at
		FROM dead_messages%s ORDER BY received_at DESC, id DESC LIMIT %d`,
		failures.PreviewBytes, c.where(), limit), c.args...)
	return scanLetters(rows, err, failures.KindMessage, func(l *failures.Item, at *int64) []any {
		l.Reason, l.Detail = failures.Unreadable, failures.UnreadableDetail
		return []any{&l.ID.N, &l.MessageID, &l.Bytes, &l.Preview, at}
	})
}

func scanLetters(
	rows *sql.Rows, err error, kind failures.Kind, fields func(*failures.Item, *int64) []any,
) ([]failures.Item, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	letters := []failures.Item{}
	for rows.Next() {
		l := failures.Item{ID: failures.ID{Kind: kind}}
		var at int64
		if err := rows.Scan(fields(&l, &at)...); err != nil {
			return nil, err
		}
		l.FailedAt = moment(at)
		letters = append(letters, l)
	}
	return letters, rows.Err()
}

// CountFailures implements failures.Store.
func (s *Store) CountFailures(
	ctx context.Context, a failures.Action, f failures.Filter,
) (n int64, asOf time.Time, err error) {
	var now int64
	err = s.patiently(ctx, "count dead letters", func(ctx context.Context) error {
		n = 0
		if err := s.read.QueryRowContext(ctx, s.sql(`SELECT {now}`)).Scan(&now); err != nil {
			return err
		}
		for kind, table := range deadTables(a, f) {
			c, column := table.conditions, table.time
			c.add(column+" <= ?", now)
			var some int64
			if err := s.read.QueryRowContext(ctx, `SELECT count(*) FROM `+table.name+c.where(), c.args...).Scan(&some); err != nil {
				return fmt.Errorf("count %ss: %w", kind, err)
			}
			n += some
		}
		return nil
	})
	return n, moment(now), err
}

// deadTable is where the letters of one kind are.
type deadTable struct {
	name, time string
	conditions *conditions
}

// deadTables returns where the letters are that the action would be done to.
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
