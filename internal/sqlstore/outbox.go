package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/outbox"
	"vitrine.dev/internal/sqldb"
)

// outboxJob is a job on its way into the outbox.
type outboxJob struct {
	job   media.Job
	delay time.Duration
}

// queueJobs puts jobs into the outbox: in line where they are due now, else to
// be lined up when they are.
func (s *Store) queueJobs(ctx context.Context, tx *sql.Tx, jobs []outboxJob) error {
	const row = "(CAST($%d AS TEXT), CAST($%d AS BIGINT), CAST($%d AS BIGINT), CAST($%d AS BIGINT), CAST($%d AS BIGINT))"
	for batch := range slices.Chunk(jobs, 100) {
		values, args := make([]string, len(batch)), []any{media.TopicProcess}
		for i, j := range batch {
			n := len(args)
			values[i] = fmt.Sprintf(row, n+1, n+2, n+3, n+4, n+5)
			args = append(args, string(j.job.Encode()), j.job.ImageID, j.job.ProductID, j.delay.Milliseconds(), i)
		}
		insert := s.SQL(`
			INSERT INTO outbox (topic, body, image_id, user_id, place, due_at)
			SELECT $1, job.column1, job.column2, p.user_id,
				CASE WHEN job.column4 > 0 THEN NULL ELSE ` + placeOf("$1", "p.user_id") + ` + job.column5 END, {now} + job.column4
			FROM (VALUES ` + strings.Join(values, ", ") + `) AS job JOIN products p ON p.id = job.column3`)
		if _, err := tx.ExecContext(ctx, insert, args...); err != nil {
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
	_, err = tx.ExecContext(ctx, s.SQL(`INSERT INTO outbox (topic, body, due_at) VALUES ($1, $2, {now})`),
		catalog.TopicChanged, string(body))
	return err
}

// LeaseMessages implements outbox.Store. The selection is materialised, so that
// no plan can run it, and lock, more than once. The plus keeps the index of due
// times out of it: a long line is read from its head, not sorted.
func (s *Store) LeaseMessages(
	ctx context.Context, topic string, limit int, lease time.Duration,
) (messages []outbox.Message, err error) {
	if err := s.lineUp(ctx, topic); err != nil {
		return nil, err
	}
	if s.OneWriter {
		if due, err := s.anyDue(ctx, topic); err != nil || !due {
			return nil, err
		}
	}
	err = s.WithRetry(ctx, "lease messages", func(ctx context.Context) error {
		list, err := sqldb.Collect(ctx, s.Writer, scanMessage, s.SQL(`
			WITH due AS MATERIALIZED (
				SELECT id AS due_id FROM outbox
				WHERE topic = $1 AND place IS NOT NULL AND +due_at <= {now} AND lease_until <= {now}
				ORDER BY place, due_at, id LIMIT $2{skip locked})
			UPDATE outbox SET lease_until = {now} + $3 FROM due WHERE id = due_id
			RETURNING id, topic, body, place, due_at`), topic, limit, lease.Milliseconds())
		messages = inLine(list)
		if err != nil || len(messages) > 0 { // a statement that finds nothing writes nothing
			s.Observe(err)
		}
		return err
	})
	return messages, err
}

// anyDue looks before LeaseMessages writes: most polls find nothing, and where
// there is one writer a write keeps all others out.
func (s *Store) anyDue(ctx context.Context, topic string) (due bool, err error) {
	err = s.WithRetry(ctx, "look for due messages", func(ctx context.Context) error {
		return s.Reader.QueryRowContext(ctx, s.SQL(`
			SELECT EXISTS (SELECT 1 FROM outbox WHERE topic = $1 AND due_at <= {now} AND lease_until <= {now})`), topic).Scan(&due)
	})
	return due, err
}

// leasedMessage is a message with what the line orders it by.
type leasedMessage struct {
	outbox.Message

	rank, due int64
}

func scanMessage(row sqldb.Row, m *leasedMessage) error {
	return row.Scan(&m.ID, &m.Topic, &m.Body, &m.rank, &m.due)
}

// inLine returns messages in the order of the line; RETURNING gives none.
func inLine(list []leasedMessage) []outbox.Message {
	slices.SortFunc(list, func(a, b leasedMessage) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.due, b.due), cmp.Compare(a.ID, b.ID))
	})
	messages := make([]outbox.Message, len(list))
	for i, m := range list {
		messages[i] = m.Message
	}
	return messages
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
	for batch := range slices.Chunk(slices.Sorted(slices.Values(ids)), 500) {
		marks, args := sqldb.In(len(first)+1, batch)
		err := s.WriteWithRetry(ctx, operation, func(ctx context.Context) error {
			_, err := s.Writer.ExecContext(ctx, s.SQL(fmt.Sprintf(statement, marks)), append(slices.Clone(first), args...)...)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
