package findingsql

import (
	"context"
	"fmt"

	"vitrine.dev/internal/findings"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/webhook"
)

// Facts implements findings.Store.
type Facts struct{ db *sqldb.DB }

// New returns the facts of the database.
func New(db *sqldb.DB) *Facts { return &Facts{db} }

// ReaderLags implements findings.Store.
func (s *Facts) ReaderLags(ctx context.Context, limit int) (list []findings.Reader, err error) {
	err = s.db.Along(ctx, "read lags", func(ctx context.Context, from sqldb.Querier) error {
		list, err = sqldb.Collect(ctx, from, func(row sqldb.Row, r *findings.Reader) error {
			var oldest int64
			err := row.Scan(&r.Name, &r.Behind, &oldest)
			if oldest > 0 {
				r.Oldest = sqldb.Time(oldest)
			}
			return err
		}, lags(), limit)
		return err
	})
	return list, err
}

// lags selects how far each reader is behind, along the log.
func lags() string {
	return fmt.Sprintf(`
		SELECT r.name, (SELECT count(*) FROM (SELECT 1 FROM events e WHERE e.id > r.position ORDER BY e.id LIMIT %d) AS behind),
			coalesce((SELECT e.occurred_at FROM events e WHERE e.id > r.position ORDER BY e.id LIMIT 1), 0)
		FROM event_readers r ORDER BY r.name LIMIT $1`, findings.BehindMost)
}

// TroubledWebhooks implements findings.Store.
func (s *Facts) TroubledWebhooks(ctx context.Context, limit int) ([]findings.Webhook, error) {
	return sqldb.Select(ctx, s.db, "list webhooks in trouble", func(row sqldb.Row, w *findings.Webhook) error {
		var failing, disabled int64
		err := row.Scan(&w.ID, &w.UserID, &w.Failures, &w.Disabled, &failing, &disabled)
		w.Since = sqldb.Time(failing)
		if w.Disabled != "" {
			w.Since = sqldb.Time(disabled)
		}
		return err
	}, `SELECT id, user_id, failures, disabled, failing_since, disabled_at FROM webhooks
		WHERE (failing_since > 0 OR disabled_at > 0) AND disabled <> $1 ORDER BY id LIMIT $2`, string(webhook.ByRequest), limit)
}

// PausedImports implements findings.Store.
func (s *Facts) PausedImports(ctx context.Context, limit int) ([]findings.Import, error) {
	return sqldb.Select(ctx, s.db, "list paused imports", func(row sqldb.Row, i *findings.Import) error {
		var stepped int64
		err := row.Scan(&i.ID, &i.UserID, &i.ImagesWaiting, &stepped)
		if stepped > 0 {
			i.Since = sqldb.Time(stepped)
		}
		return err
	}, `SELECT id, user_id, images_waiting, stepped_at FROM dead_jobs JOIN imports ON job_id = id
		WHERE state = 'paused' ORDER BY id DESC LIMIT $1`, limit)
}
