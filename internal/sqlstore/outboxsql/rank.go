package outboxsql

import (
	"context"
	"fmt"
)

// Jobs wait in a line that is fair to users: start-time fair queueing (Goyal,
// Vin, Cheng: "Start-time Fair Queuing", SIGCOMM 1996) with every job of the
// same size. A job's rank is behind the last one of its own user, or at the
// head of the line where that user has none waiting, so users take turns however
// many jobs each has. A job that is due later gets its rank when it is due.
//
// Concurrent inserts may be given the same ranks; that costs a turn, no more.

// RankOf is the rank (column place) of the next job of a user, topic and user
// named by SQL. At the head of the line is the lowest rank that is waiting.
func RankOf(topic, user string) string {
	return fmt.Sprintf(`{greatest}(
		coalesce((SELECT min(place) FROM outbox WHERE topic = %[1]s AND place IS NOT NULL), 0),
		coalesce((SELECT max(place) + 1 FROM outbox WHERE topic = %[1]s AND user_id = %[2]s AND place IS NOT NULL), 0))`, topic, user)
}

// ranksAtOnce is how many jobs that have become due are given their ranks
// with each lease.
const ranksAtOnce = 500

// assignRanks gives ranks to messages that have become due.
func (s *Outbox) assignRanks(ctx context.Context, topic string) error {
	return s.db.WithRetry(ctx, "assign ranks", func(ctx context.Context) error {
		waiting := false
		err := s.db.Reader.QueryRowContext(ctx, s.db.SQL(
			`SELECT EXISTS (SELECT 1 FROM outbox WHERE topic = $1 AND place IS NULL AND due_at <= {now})`), topic).Scan(&waiting)
		if err != nil || !waiting {
			return err
		}
		_, err = s.db.Writer.ExecContext(ctx, s.db.SQL(`
			WITH due AS MATERIALIZED (
				SELECT id AS due_id, user_id AS due_user, due_at AS due_since FROM outbox
				WHERE topic = $1 AND place IS NULL AND due_at <= {now} ORDER BY due_at, id LIMIT $2{skip locked}),
			line AS MATERIALIZED (
				SELECT due_id, `+RankOf("$1", "due_user")+` + row_number() OVER (PARTITION BY due_user ORDER BY due_since, due_id) - 1 AS rank
				FROM due)
			UPDATE outbox SET place = rank FROM line WHERE id = due_id`), topic, ranksAtOnce)
		s.db.Observe(err)
		return err
	})
}
