package sqlstore

import (
	"context"
	"fmt"
)

// Jobs wait in a line that is fair to users: start-time fair queueing (Goyal,
// Vin, Cheng: "Start-time Fair Queuing", SIGCOMM 1996) with every job of the
// same size. A job's place is behind the last one of its own user, or at the
// head of the line where that user has none waiting, so users take turns however
// many jobs each has. A job that is due later gets its place when it is due.
//
// Concurrent inserts may be given the same places; that costs a turn, no more.

// placeOf is the place of the next job of a user, both named by SQL. At the
// head of the line stands the lowest place that is waiting.
func placeOf(topic, user string) string {
	return fmt.Sprintf(`{greatest}(
		coalesce((SELECT min(place) FROM outbox WHERE topic = %[1]s AND place IS NOT NULL), 0),
		coalesce((SELECT max(place) + 1 FROM outbox WHERE topic = %[1]s AND user_id = %[2]s AND place IS NOT NULL), 0))`, topic, user)
}

// lineUpAtOnce is how many jobs that have become due are given their places
// with each lease.
const lineUpAtOnce = 500

// lineUp gives places to messages that have become due.
func (s *Store) lineUp(ctx context.Context, topic string) error {
	return s.WithRetry(ctx, "line up messages", func(ctx context.Context) error {
		waiting := false
		err := s.Reader.QueryRowContext(ctx, s.SQL(
			`SELECT EXISTS (SELECT 1 FROM outbox WHERE topic = $1 AND place IS NULL AND due_at <= {now})`), topic).Scan(&waiting)
		if err != nil || !waiting {
			return err
		}
		_, err = s.Writer.ExecContext(ctx, s.SQL(`
			WITH due AS MATERIALIZED (
				SELECT id AS due_id, user_id AS due_user, due_at AS due_since FROM outbox
				WHERE topic = $1 AND place IS NULL AND due_at <= {now} ORDER BY due_at, id LIMIT $2{skip locked}),
			line AS MATERIALIZED (
				SELECT due_id, `+placeOf("$1", "due_user")+` + row_number() OVER (PARTITION BY due_user ORDER BY due_since, due_id) - 1 AS turn
				FROM due)
			UPDATE outbox SET place = turn FROM line WHERE id = due_id`), topic, lineUpAtOnce)
		s.Observe(err)
		return err
	})
}
