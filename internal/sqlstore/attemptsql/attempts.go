package attemptsql

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"vitrine.dev/internal/attempts"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/eventsql"
)

// Attempts implements attempts.Store.
type Attempts struct{ db *sqldb.DB }

// New returns the attempts of the database.
func New(db *sqldb.DB) *Attempts { return &Attempts{db} }

// AttemptsOf implements attempts.Store.
func (s *Attempts) AttemptsOf(ctx context.Context, product, image int64) (user int64, h attempts.History, err error) {
	err = s.db.Along(ctx, "read attempts", func(ctx context.Context, from sqldb.Querier) error {
		users, err := sqldb.IDs(ctx, from, `SELECT user_id FROM images WHERE id = $1 AND product_id = $2`, image, product)
		if err != nil {
			return err
		}
		if len(users) == 0 {
			return catalog.ErrNoImage
		}
		user = users[0]
		h.Attempts, err = sqldb.Collect(ctx, from, scan, `
			SELECT generation, attempt, outcome, reason, detail, ended_at, begun_at, waited, worker, steps, http_status, redirects, trace_id
			FROM image_attempts WHERE image_id = $1 ORDER BY generation DESC, attempt DESC LIMIT $2`, image, media.AttemptsKept)
		if err != nil {
			return err
		}
		log, err := eventsql.OfImage(ctx, from, image, attempts.EventsRead)
		h.Asked = nil // of a try before
		for _, e := range log {
			h.Add(e)
		}
		return err
	})
	return user, h, err
}

func scan(row sqldb.Row, a *attempts.Attempt) error {
	var reason, detail, steps string
	var ended int64
	err := row.Scan(&a.Generation, &a.Number, &a.Outcome, &reason, &detail, &ended, &a.BegunAt, &a.WaitedMS, &a.Worker, &steps, &a.Status, &a.Redirects, &a.TraceID)
	if err != nil {
		return err
	}
	a.EndedAt, a.Failure = sqldb.Time(ended), fault.Fail(fault.Reason(reason), detail, nil)
	if err := json.Unmarshal([]byte(steps), &a.Steps); err != nil {
		return fmt.Errorf("steps of an attempt: %w", err)
	}
	return nil
}

// PurgeAttempts implements attempts.Store.
func (s *Attempts) PurgeAttempts(ctx context.Context, age time.Duration, limit int) (removed int, err error) {
	return s.db.Exec(ctx, "purge attempts", `
		DELETE FROM image_attempts WHERE (image_id, generation, attempt) IN (
			SELECT image_id, generation, attempt FROM image_attempts WHERE ended_at <= {now} - $1 ORDER BY ended_at LIMIT $2)`, age.Milliseconds(), limit)
}
