package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"vitrine.dev/internal/deadletter"
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
func deadImages(f deadletter.Filter) *conditions {
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
func deadMessages(f deadletter.Filter) *conditions {
	c := &conditions{terms: []string{`discarded_at = 0`}}
	c.between("received_at", f)
	return c
}

func (c *conditions) between(column string, f deadletter.Filter) {
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

// DeadLetters implements deadletter.Store.
func (s *Store) DeadLetters(
	ctx context.Context, f deadletter.Filter, after *deadletter.Position, limit int,
) (letters []deadletter.Letter, err error) {
	err = s.patiently(ctx, "list dead letters", func(ctx context.Context) error {
		letters = []deadletter.Letter{}
		if f.Has(deadletter.KindImage) {
			images := deadImages(f)
			if after != nil {
				images.add("(failed_at, id) < (?, ?)", after.At.UnixMilli(), after.Among(deadletter.KindImage))
			}
			if letters, err = s.readDeadImages(ctx, images, limit); err != nil {
				return err
			}
		}
		if f.Has(deadletter.KindMessage) {
			messages := deadMessages(f)
			if after != nil {
				messages.add("(received_at, id) < (?, ?)", after.At.UnixMilli(), after.Among(deadletter.KindMessage))
			}
			more, err := s.readDeadMessages(ctx, messages, limit)
			if err != nil {
				return err
			}
			letters = append(letters, more...)
		}
		return nil
	})
	slices.SortFunc(letters, func(a, b deadletter.Letter) int { return b.Position().Compare(a.Position()) })
	return letters[:min(limit, len(letters))], err
}

func (s *Store) readDeadImages(ctx context.Context, c *conditions, limit int) ([]deadletter.Letter, error) {
	rows, err := s.read.QueryContext(ctx, fmt.Sprintf(`
		SELECT id, product_id, failed_user, source_url, source_host, attempts, reason, reason_detail, request_id, failed_at
		FROM images%s ORDER BY failed_at DESC, id DESC LIMIT %d`, c.where(), limit), c.args...)
	return scanLetters(rows, err, deadletter.KindImage, func(l *deadletter.Letter, at *int64) []any {
		return []any{
			&l.ID.N, &l.ProductID, &l.UserID, &l.SourceURL, &l.Host, &l.Attempts, &l.Reason, &l.Detail, &l.RequestID, at,
		}
	})
}

func (s *Store) readDeadMessages(ctx context.Context, c *conditions, limit int) ([]deadletter.Letter, error) {
	rows, err := s.read.QueryContext(ctx, fmt.Sprintf(`
		SELECT id, message_id, bytes, substr(body, 1, %d), received_at
		FROM dead_messages%s ORDER BY received_at DESC, id DESC LIMIT %d`,
		deadletter.PreviewBytes, c.where(), limit), c.args...)
	return scanLetters(rows, err, deadletter.KindMessage, func(l *deadletter.Letter, at *int64) []any {
		l.Reason, l.Detail = deadletter.Unreadable, deadletter.UnreadableDetail
		return []any{&l.ID.N, &l.MessageID, &l.Bytes, &l.Preview, at}
	})
}

func scanLetters(
	rows *sql.Rows, err error, kind deadletter.Kind, fields func(*deadletter.Letter, *int64) []any,
) ([]deadletter.Letter, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	letters := []deadletter.Letter{}
	for rows.Next() {
		l := deadletter.Letter{ID: deadletter.ID{Kind: kind}}
		var at int64
		if err := rows.Scan(fields(&l, &at)...); err != nil {
			return nil, err
		}
		l.FailedAt = moment(at)
		letters = append(letters, l)
	}
	return letters, rows.Err()
}

// CountDead implements deadletter.Store.
func (s *Store) CountDead(
	ctx context.Context, a deadletter.Action, f deadletter.Filter,
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
func deadTables(a deadletter.Action, f deadletter.Filter) map[deadletter.Kind]deadTable {
	tables := map[deadletter.Kind]deadTable{}
	if f.Has(deadletter.KindImage) {
		tables[deadletter.KindImage] = deadTable{"images", "failed_at", deadImages(f)}
	}
	if f.Has(deadletter.KindMessage) && a == deadletter.Discard {
		tables[deadletter.KindMessage] = deadTable{"dead_messages", "received_at", deadMessages(f)}
	}
	return tables
}
