package outboxsql

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqldb"
)

// Job is a job for the outbox.
type Job struct {
	media.Job

	Delay time.Duration // until it is due
}

// Enqueue puts jobs into the outbox: in line where they are due now; else they get
// their rank when they are due.
func Enqueue(ctx context.Context, db *sqldb.DB, tx *sql.Tx, jobs []Job) error {
	const row = "(CAST($%d AS TEXT), CAST($%d AS BIGINT), CAST($%d AS BIGINT), CAST($%d AS BIGINT), CAST($%d AS BIGINT))"
	for batch := range slices.Chunk(jobs, 100) {
		values, args := make([]string, len(batch)), []any{media.TopicProcess}
		for i, j := range batch {
			n := len(args)
			values[i] = fmt.Sprintf(row, n+1, n+2, n+3, n+4, n+5)
			args = append(args, string(j.Job.Encode()), j.Job.ImageID, j.Job.ProductID, j.Delay.Milliseconds(), i)
		}
		insert := db.SQL(`
			INSERT INTO outbox (topic, body, image_id, user_id, place, due_at)
			SELECT $1, job.column1, job.column2, p.user_id,
				CASE WHEN job.column4 > 0 THEN NULL ELSE ` + RankOf("$1", "p.user_id") + ` + job.column5 END, {now} + job.column4
			FROM (VALUES ` + strings.Join(values, ", ") + `) AS job JOIN products p ON p.id = job.column3`)
		if _, err := tx.ExecContext(ctx, insert, args...); err != nil {
			return err
		}
	}
	return nil
}
