package webhooksql

import (
	"context"
	"database/sql"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/authsql"
	"vitrine.dev/internal/sqlstore/eventsql"
	"vitrine.dev/internal/webhook"
)

const deliveryColumns = ` id, webhook_id, event_id, message_id, type, state, attempts, body, http_status, failure, answer, duration, created_at, attempted_at, next_at, asked `

func scanDelivery(row interface{ Scan(into ...any) error }, d *webhook.Delivery) error {
	var duration, created, attempted, next int64
	err := row.Scan(&d.ID, &d.WebhookID, &d.EventID, &d.MessageID, &d.Type, &d.State, &d.Attempts, &d.Body, &d.Status, &d.Failure, &d.Answer,
		&duration, &created, &attempted, &next, &d.Asked)
	d.Duration, d.CreatedAt, d.AttemptedAt = time.Duration(duration)*time.Millisecond, sqldb.Time(created), moment(attempted)
	if d.State == webhook.Waiting {
		d.NextAt = moment(next)
	}
	return sqldb.NoRow(err, webhook.ErrNoDelivery)
}

// ListDeliveries implements webhook.Store.
func (s *Webhooks) ListDeliveries(ctx context.Context, id int64, state webhook.State, before int64, limit int) ([]webhook.Delivery, error) {
	var where sqldb.Where
	where.Add("webhook_id = ?", id)
	if state != "" {
		where.Add("state = ?", string(state))
	}
	if before != 0 {
		where.Add("id < ?", before)
	}
	return sqldb.Select(ctx, s.db, "list deliveries", func(row sqldb.Row, d *webhook.Delivery) error { return scanDelivery(row, d) },
		`SELECT`+deliveryColumns+`FROM webhook_deliveries`+where.String()+` ORDER BY id DESC LIMIT `+where.Arg(limit), where.Args...)
}

// DueDeliveries implements webhook.Outbox.
func (s *Webhooks) DueDeliveries(ctx context.Context, id int64, but []int64, limit int) ([]webhook.Delivery, error) {
	var where sqldb.Where
	where.Add("webhook_id = ?", id)
	where.Add("state = 'waiting' AND next_at <= {now}")
	if len(but) > 0 {
		in, args := sqldb.In(len(where.Args)+1, but)
		where.Add("id NOT IN (" + in + ")")
		where.Args = append(where.Args, args...)
	}
	return sqldb.Select(ctx, s.db, "read due deliveries", func(row sqldb.Row, d *webhook.Delivery) error { return scanDelivery(row, d) },
		`SELECT`+deliveryColumns+`FROM webhook_deliveries`+where.String()+` ORDER BY next_at, id LIMIT `+where.Arg(limit), where.Args...)
}

// QueueDelivery implements webhook.Store.
func (s *Webhooks) QueueDelivery(
	ctx context.Context, id, delivery int64, build func(webhook.Queued) (webhook.Delivery, error), by auth.Entry,
) (d webhook.Delivery, err error) {
	err = s.db.InTx(ctx, "queue delivery", func(ctx context.Context, tx *sql.Tx) error {
		var q webhook.Queued
		if q.Now, err = s.lock(ctx, tx, id, &q.Endpoint); err != nil {
			return err
		}
		if err := s.readQueued(ctx, tx, delivery, &q); err != nil {
			return err
		}
		if d, err = build(q); err != nil {
			return err
		}
		if delivery == 0 {
			d, err = s.insert(ctx, tx, d)
		} else {
			d, err = s.requeue(ctx, tx, d)
		}
		if err != nil {
			return err
		}
		return authsql.Record(ctx, s.db, tx, by, kind, id)
	})
	return d, err
}

// readQueued reads the delivery and its event, where there are such.
func (s *Webhooks) readQueued(ctx context.Context, tx *sql.Tx, delivery int64, q *webhook.Queued) error {
	if delivery == 0 {
		return nil
	}
	err := scanDelivery(tx.QueryRowContext(ctx, s.db.SQL(
		`SELECT`+deliveryColumns+`FROM webhook_deliveries WHERE webhook_id = $1 AND id = $2{for update}`), q.Endpoint.ID, delivery), &q.Delivery)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil || q.Delivery.EventID == 0 {
		return err
	}
	found, err := eventsql.Of(ctx, tx, []int64{q.Delivery.EventID})
	if len(found) > 0 {
		q.Event = &found[0]
	}
	return err
}

func (s *Webhooks) insert(ctx context.Context, tx *sql.Tx, d webhook.Delivery) (made webhook.Delivery, err error) {
	err = scanDelivery(tx.QueryRowContext(ctx, s.db.SQL(`
		INSERT INTO webhook_deliveries (webhook_id, event_id, message_id, type, state, body, created_at, next_at)
		VALUES ($1, $2, $3, $4, $5, $6, {now}, {now}) RETURNING`+deliveryColumns),
		d.WebhookID, d.EventID, d.MessageID, string(d.Type), string(d.State), d.Body), &made)
	return made, err
}

func (s *Webhooks) requeue(ctx context.Context, tx *sql.Tx, d webhook.Delivery) (made webhook.Delivery, err error) {
	err = scanDelivery(tx.QueryRowContext(ctx, s.db.SQL(`
		UPDATE webhook_deliveries SET state = $2, attempts = $3, body = $4, asked = $5, next_at = {now} WHERE id = $1 RETURNING`+deliveryColumns),
		d.ID, string(d.State), d.Attempts, d.Body, d.Asked), &made)
	return made, err
}

// EventsOf implements webhook.Outbox.
func (s *Webhooks) EventsOf(ctx context.Context, ids []int64) (list []events.Event, err error) {
	err = s.db.WithRetry(ctx, "read events", func(ctx context.Context) error {
		list, err = eventsql.Of(ctx, s.db.Reader, ids)
		return err
	})
	return list, err
}

// PurgeDeliveries implements webhook.Store.
func (s *Webhooks) PurgeDeliveries(ctx context.Context, age time.Duration, latest, limit int) (int, error) {
	removed, err := s.db.Exec(ctx, "purge deliveries", `
		DELETE FROM webhook_deliveries WHERE id IN (
			SELECT id FROM webhook_deliveries WHERE state <> 'waiting' AND attempted_at <= {now} - $1 ORDER BY attempted_at LIMIT $2)`,
		age.Milliseconds(), limit)
	if err != nil || removed == limit {
		return removed, err
	}
	ids, err := sqldb.Select(ctx, s.db, "list webhooks", func(row sqldb.Row, id *int64) error { return row.Scan(id) },
		`SELECT id FROM webhooks ORDER BY id`)
	if err != nil {
		return removed, err
	}
	for _, id := range ids {
		n, err := s.db.Exec(ctx, "purge deliveries", `
			DELETE FROM webhook_deliveries WHERE id IN (
				SELECT id FROM webhook_deliveries WHERE webhook_id = $1 AND state <> 'waiting' AND id <= (
					SELECT id FROM webhook_deliveries WHERE webhook_id = $1 ORDER BY id DESC LIMIT 1 OFFSET $2) ORDER BY id LIMIT $3)`,
			id, latest, limit-removed)
		if removed += n; err != nil || removed >= limit {
			return removed, err
		}
	}
	return removed, nil
}
