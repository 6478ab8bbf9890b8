package eventsql

import (
	"context"

	"vitrine.dev/internal/events"
	"vitrine.dev/internal/sqldb"
)

// Of returns those events of the ids that the log has, by ascending id.
func Of(ctx context.Context, from sqldb.Querier, ids []int64) ([]events.Event, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	in, args := sqldb.In(1, ids)
	return collect(ctx, from, `WHERE id IN (`+in+`) ORDER BY id`, args...)
}

// OfImage returns the events of an image, without its creation and those of failures: at most the last limit, the last one first.
func OfImage(ctx context.Context, from sqldb.Querier, image int64, limit int) ([]events.Event, error) {
	return collect(ctx, from, `
		WHERE image_id = $1 AND type IN ('image.ready', 'image.refreshed', 'image.retrying') ORDER BY id DESC LIMIT $2`, image, limit)
}

// collect returns the events that the rest of the statement selects.
func collect(ctx context.Context, from sqldb.Querier, rest string, args ...any) ([]events.Event, error) {
	rows, err := sqldb.Collect(ctx, from, func(row sqldb.Row, r *eventRow) error {
		return row.Scan(&r.id, &r.kind, &r.product, &r.image, &r.user, &r.revision, &r.version, &r.at, &r.data)
	}, `SELECT id, type, product_id, image_id, user_id, revision, version, occurred_at, data FROM events `+rest, args...)
	list := make([]events.Event, len(rows))
	for i, r := range rows {
		list[i] = r.event()
	}
	return list, err
}
