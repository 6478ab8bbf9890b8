package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/outbox"
)

// outboxJob is a job on its way into the outbox.
type outboxJob struct {
	job   media.Job
	delay time.Duration
}

func (s *Store) queueJobs(ctx context.Context, tx *sql.Tx, jobs []outboxJob) error {
	rows := make([][]any, len(jobs))
	for i, j := range jobs {
		rows[i] = []any{media.TopicProcess, string(j.job.Encode()), j.job.ImageID, j.delay.Milliseconds()}
	}
	// The due time is now plus the last argument of the row.
	for batch := range slices.Chunk(rows, 100) {
		clause, args := "", []any{}
		for i, row := range batch {
			if i > 0 {
				clause += ", "
			}
			n := len(args)
			clause += fmt.Sprintf("($%d, $%d, CAST($%d AS BIGINT), {now} + CAST($%d AS BIGINT))", n+1, n+2, n+3, n+4)
			args = append(args, row...)
		}
		if _, err := tx.ExecContext(ctx, s.sql(`INSERT INTO outbox (topic, body, image_id, due_at) VALUES `+clause), args...); err != nil {
			return err
		}
	}
	return nil
}

// recordChange leaves word for the cache, beside what the caller announces.
func (s *Store) recordChange(ctx context.Context, tx *sql.Tx, c catalog.Changed) error {
	body, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("encode change: %w", err)
	}
	_, err = tx.ExecContext(ctx, s.sql(`INSERT INTO outbox (topic, body, due_at) VALUES ($1, $2, {now})`),
		catalog.TopicChanged, string(body))
	return err
}

// LeaseMessages implements outbox.Store.
func (s *Store) LeaseMessages(
	ctx context.Context, topic string, limit int, lease time.Duration,
) (messages []outbox.Message, err error) {
	due, err := s.anyDue(ctx, topic)
	if err != nil || !due {
		return nil, err
	}
	err = s.quietChange(ctx, "lease messages", func(ctx context.Context, tx *sql.Tx) error {
		messages, err = scanMessages(tx.QueryContext(ctx, s.sql(`
			UPDATE outbox SET lease_until = {now} + $3
			WHERE id IN (
				SELECT id FROM outbox WHERE topic = $1 AND due_at <= {now} AND lease_until <= {now}
				ORDER BY due_at, id LIMIT $2{skip locked})
			RETURNING id, topic, body`), topic, limit, lease.Milliseconds()))
		return err
	})
	return messages, err
}

// anyDue looks before LeaseMessages writes: most polls find nothing, and on
// SQLite a write keeps all others out.
func (s *Store) anyDue(ctx context.Context, topic string) (due bool, err error) {
	err = s.query(ctx, "look for due messages", func(ctx context.Context) error {
		return s.read.QueryRowContext(ctx, s.sql(`
			SELECT EXISTS (SELECT 1 FROM outbox WHERE topic = $1 AND due_at <= {now} AND lease_until <= {now})`), topic).Scan(&due)
	})
	return due, err
}

// scanMessages orders what RETURNING gave in no order. Due times are not
// returned; ids come near enough.
func scanMessages(rows *sql.Rows, err error) ([]outbox.Message, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var messages []outbox.Message
	for rows.Next() {
		var m outbox.Message
		if err := rows.Scan(&m.ID, &m.Topic, &m.Body); err != nil {
			return nil, err
		}
		messages = append(messages, m)
	}
	slices.SortFunc(messages, func(a, b outbox.Message) int { return cmp.Compare(a.ID, b.ID) })
	return messages, rows.Err()
}

// RenewMessages implements outbox.Store.
func (s *Store) RenewMessages(ctx context.Context, ids []int64, lease time.Duration) error {
	return s.eachMessage(ctx, "renew messages", `UPDATE outbox SET lease_until = {now} + $1 WHERE id IN (%s)`, ids, lease.Milliseconds())
}

// DeleteMessages implements outbox.Store.
func (s *Store) DeleteMessages(ctx context.Context, ids []int64) error {
	return s.eachMessage(ctx, "delete messages", `DELETE FROM outbox WHERE id IN (%s)`, ids)
}

// ReleaseMessages implements outbox.Store.
func (s *Store) ReleaseMessages(ctx context.Context, ids []int64, delay time.Duration) error {
	return s.eachMessage(ctx, "release messages",
		`UPDATE outbox SET lease_until = 0, due_at = {now} + $1 WHERE id IN (%s)`, ids, delay.Milliseconds())
}

// eachMessage runs a statement over the ids, in ascending order, so that two
// relays lock rows in the same one.
func (s *Store) eachMessage(ctx context.Context, operation, statement string, ids []int64, first ...any) error {
	if len(ids) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(ids))
	return s.quietChange(ctx, operation, func(ctx context.Context, tx *sql.Tx) error {
		for batch := range slices.Chunk(sorted, 500) {
			marks, args := in(len(first)+1, batch)
			if _, err := tx.ExecContext(ctx, s.sql(fmt.Sprintf(statement, marks)), append(slices.Clone(first), args...)...); err != nil {
				return err
			}
		}
		return nil
	})
}
