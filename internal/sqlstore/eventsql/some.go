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
	rows, err := sqldb.Collect(ctx, from, func(row sqldb.Row, r *eventRow) error {
		return row.Scan(&r.id, &r.kind, &r.product, &r.image, &r.user, &r.revision, &r.version, &r.at, &r.data)
	}, `
		SELECT id, type, product_id, image_id, user_id, revision, version, occurred_at, data FROM events
		WHERE id IN (`+in+`) ORDER BY id`, args...)
	list := make([]events.Event, len(rows))
	for i, r := range rows {
		list[i] = r.event()
	}
	return list, err
}
