package outboxsql

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"vitrine.dev/internal/outbox"
	"vitrine.dev/internal/sqldb"
)

// Outbox implements outbox.Store, but for Wake, which is of sqldb.DB.
type Outbox struct{ db *sqldb.DB }

// New returns the outbox of the database.
func New(db *sqldb.DB) *Outbox { return &Outbox{db} }

// LeaseMessages implements outbox.Store. The selection is materialised, so that
// no plan can run it, and lock, more than once. The plus keeps the index of due
// times out of it: a long line is read from its head, not sorted.
func (s *Outbox) LeaseMessages(
	ctx context.Context, topic string, limit int, lease time.Duration,
) (messages []outbox.Message, err error) {
	if err := s.assignRanks(ctx, topic); err != nil {
		return nil, err
	}
	if s.db.OneWriter {
		if due, err := s.anyDue(ctx, topic); err != nil || !due {
			return nil, err
		}
	}
	err = s.db.WithRetry(ctx, "lease messages", func(ctx context.Context) error {
		list, err := sqldb.Collect(ctx, s.db.Writer, scanMessage, s.db.SQL(`
			WITH due AS MATERIALIZED (
				SELECT id AS due_id FROM outbox
				WHERE topic = $1 AND place IS NOT NULL AND +due_at <= {now} AND lease_until <= {now}
				ORDER BY place, due_at, id LIMIT $2{skip locked})
			UPDATE outbox SET lease_until = {now} + $3 FROM due WHERE id = due_id
			RETURNING id, topic, body, place, due_at`), topic, limit, lease.Milliseconds())
		messages = inLine(list)
		if err != nil || len(messages) > 0 { // a statement that finds nothing writes nothing
			s.db.Observe(err)
		}
		return err
	})
	return messages, err
}

// anyDue looks before LeaseMessages writes: most polls find nothing, and where
// there is one writer a write keeps all others out.
func (s *Outbox) anyDue(ctx context.Context, topic string) (due bool, err error) {
	err = s.db.WithRetry(ctx, "look for due messages", func(ctx context.Context) error {
		return s.db.Reader.QueryRowContext(ctx, s.db.SQL(`
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
func (s *Outbox) RenewMessages(ctx context.Context, ids []int64, lease time.Duration) error {
	return s.eachMessage(ctx, "renew messages", `UPDATE outbox SET lease_until = {now} + $1 WHERE id IN (%s)`, ids, lease.Milliseconds())
}

// DeleteMessages implements outbox.Store.
func (s *Outbox) DeleteMessages(ctx context.Context, ids []int64) error {
	return s.eachMessage(ctx, "delete messages", `DELETE FROM outbox WHERE id IN (%s)`, ids)
}

// ReleaseMessages implements outbox.Store.
func (s *Outbox) ReleaseMessages(ctx context.Context, ids []int64, delay time.Duration) error {
	return s.eachMessage(ctx, "release messages",
		`UPDATE outbox SET lease_until = 0, due_at = {now} + $1 WHERE id IN (%s)`, ids, delay.Milliseconds())
}

// eachMessage runs a statement over the ids, in ascending order, so that two
// relays lock rows in the same one.
func (s *Outbox) eachMessage(ctx context.Context, operation, statement string, ids []int64, first ...any) error {
	for batch := range slices.Chunk(slices.Sorted(slices.Values(ids)), 500) {
		marks, args := sqldb.In(len(first)+1, batch)
		err := s.db.WriteWithRetry(ctx, operation, func(ctx context.Context) error {
			_, err := s.db.Writer.ExecContext(ctx, s.db.SQL(fmt.Sprintf(statement, marks)), append(slices.Clone(first), args...)...)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
