package webhooksql

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/authsql"
	"vitrine.dev/internal/webhook"
)

// ClaimWebhooks implements webhook.Outbox. The end of the log is read after the positions: an
// endpoint that goes on meanwhile is not beyond it.
func (s *Webhooks) ClaimWebhooks(ctx context.Context, holder string) ([]webhook.Claim, error) {
	if _, err := s.db.Exec(ctx, "claim webhooks", `UPDATE webhooks SET holder = $1 WHERE holder <> $1 AND disabled = ''`, holder); err != nil {
		return nil, err
	}
	list, err := sqldb.Select(ctx, s.db, "read webhooks", func(row sqldb.Row, c *webhook.Claim) error {
		var now int64
		err := scan(row, &c.Endpoint, &now, &c.Due)
		if c.ReadAt = sqldb.Time(now); !c.OldUntil.After(c.ReadAt) {
			c.OldSecret = ""
		}
		return err
	}, `
		SELECT`+columns+`, {now}, EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.webhook_id = w.id AND d.state = 'waiting' AND d.next_at <= {now})
		FROM webhooks w JOIN users u ON u.id = w.user_id WHERE w.disabled = '' AND w.holder = $1 AND u.erasing_at = 0`, holder)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	last, err := s.db.LastID(ctx, "events")
	for i := range list {
		if c := &list[i]; c.Position > last {
			c.Position, c.Ahead = last, true
		}
	}
	return list, err
}

// RecordOutcome implements webhook.Outbox.
func (s *Webhooks) RecordOutcome(
	ctx context.Context, id int64, holder string, outcome webhook.Outcome, judge webhook.Judge,
) (recorded webhook.Recorded, err error) {
	outstanding, err := json.Marshal(append([]int64{}, outcome.Outstanding...))
	if err != nil {
		return recorded, err
	}
	err = s.db.InTx(ctx, "record deliveries", func(ctx context.Context, tx *sql.Tx) error {
		var e webhook.Endpoint
		now, err := s.lock(ctx, tx, id, &e)
		if fault.KindOf(err) == fault.NotFound {
			return errHeld()
		}
		if err != nil {
			return err
		}
		health, recovered := judge(e.Health, now)
		again := e.Again
		if again.Until == outcome.Again.Until && !again.Empty() {
			again.After = max(again.After, outcome.Again.After)
		}
		if again.Empty() {
			again = webhook.Range{}
		}
		held, err := sqldb.Affected(tx.ExecContext(ctx, `
			UPDATE webhooks SET position = $3, outstanding = $4, again_after = $5, again_until = $6 WHERE id = $1 AND holder = $2`,
			id, holder, outcome.Position, string(outstanding), again.After, again.Until))
		if err != nil {
			return err
		}
		if !held {
			return errHeld()
		}
		if len(outcome.Results) > 0 {
			if err := writeHealth(ctx, tx, id, health); err != nil {
				return err
			}
		}
		if health.Disabled != e.Disabled {
			entry := auth.Entry{Action: "webhook.disable", Outcome: "because it is " + string(health.Disabled)}
			if err := authsql.Record(ctx, s.db, tx, entry, kind, id); err != nil {
				return err
			}
		}
		if err := s.writeResults(ctx, tx, id, now, outcome.Results); err != nil {
			return err
		}
		if recovered {
			_, err = tx.ExecContext(ctx, s.db.SQL(
				`UPDATE webhook_deliveries SET next_at = {now} WHERE webhook_id = $1 AND state = 'waiting' AND next_at > {now}`), id)
		}
		recorded = webhook.Recorded{Health: health, Again: again, Now: now}
		return err
	})
	return recorded, err
}

// resultsAtOnce is how many rows one statement inserts at most.
const resultsAtOnce = 50

const insertResults = `
	INSERT INTO webhook_deliveries (created_at, webhook_id, event_id, message_id, type, state, attempts, body, http_status, failure,
		answer, duration, attempted_at, next_at) VALUES `

// writeResults inserts those that have no row, and writes the others.
func (s *Webhooks) writeResults(ctx context.Context, tx *sql.Tx, id int64, now time.Time, list []webhook.Result) error {
	at := now.UnixMilli()
	var fresh [][]any
	for _, r := range list {
		values := []any{
			string(r.State), r.Attempts, r.Body, r.Status, r.Failure, r.Delivery.Answer, r.Duration.Milliseconds(), at, at + r.Wait.Milliseconds(),
		}
		if r.ID == 0 {
			fresh = append(fresh, append([]any{at, id, r.EventID, r.MessageID, string(r.Type)}, values...))
			continue
		}
		_, err := tx.ExecContext(ctx, `
			UPDATE webhook_deliveries SET http_status = $5, failure = $6, answer = $7, duration = $8, attempted_at = $9,
				state = CASE WHEN asked = $11 THEN $2 ELSE state END, attempts = CASE WHEN asked = $11 THEN $3 ELSE attempts END,
				body = CASE WHEN asked = $11 THEN $4 ELSE body END, next_at = CASE WHEN asked = $11 THEN $10 ELSE next_at END
			WHERE id = $1`, append(append([]any{r.ID}, values...), r.Asked)...)
		if err != nil {
			return err
		}
	}
	for rows := range slices.Chunk(fresh, resultsAtOnce) {
		clause, args := s.db.Tuples("(%s)", rows)
		_, err := tx.ExecContext(ctx, insertResults+clause, args...)
		if err != nil {
			return err
		}
	}
	return nil
}
