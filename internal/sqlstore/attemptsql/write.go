package attemptsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqldb"
)

// Write keeps the attempt of a claim on an image of the user, in the transaction that
// writes its outcome.
func Write(ctx context.Context, db *sqldb.DB, tx *sql.Tx, user int64, c media.Claim, o media.Outcome, f *fault.Failure) error {
	work := c.Worked()
	steps, err := json.Marshal(append([]events.Step{}, work.Steps...))
	if err != nil {
		return fmt.Errorf("encode steps: %w", err)
	}
	_, err = tx.ExecContext(ctx, db.SQL(`
		INSERT INTO image_attempts (image_id, generation, attempt, user_id, outcome, reason, detail, ended_at, begun_at, waited, worker, steps, http_status, redirects, trace_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, {now}, $8, $9, $10, $11, $12, $13, $14)`),
		c.ImageID, c.Generation, c.Attempt, user, string(o), string(f.Reason), f.Detail, work.BegunAt, work.WaitedMS, work.Worker, string(steps),
		work.Status, work.Redirects, work.TraceID)
	if err != nil || c.Generation == 1 && c.Attempt <= media.AttemptsKept {
		return err
	}
	return trim(ctx, tx, []int64{c.ImageID})
}

// WriteWithout keeps that images failed without an attempt, in the transaction that does it.
func WriteWithout(ctx context.Context, db *sqldb.DB, tx *sql.Tx, images []int64, f *fault.Failure) error {
	marks, args := sqldb.In(4, images)
	_, err := tx.ExecContext(ctx, db.SQL(`
		INSERT INTO image_attempts (image_id, generation, attempt, user_id, outcome, reason, detail, ended_at)
		SELECT id, generation, 0, user_id, $1, $2, $3, {now} FROM images WHERE id IN (`+marks+`)`),
		append([]any{string(media.OutcomeFailed), string(f.Reason), f.Detail}, args...)...)
	if err != nil {
		return err
	}
	return trim(ctx, tx, images)
}

// trim removes what is beyond the last ones of each image.
func trim(ctx context.Context, tx *sql.Tx, images []int64) error {
	marks, args := sqldb.In(2, images)
	//nolint:gosec // placeholders
	_, err := tx.ExecContext(ctx, `
		DELETE FROM image_attempts WHERE image_id IN (`+marks+`) AND (generation, attempt) <= (
			SELECT other.generation, other.attempt FROM image_attempts AS other WHERE other.image_id = image_attempts.image_id
			ORDER BY other.generation DESC, other.attempt DESC LIMIT 1 OFFSET $1)`, append([]any{media.AttemptsKept}, args...)...)
	return err
}
