package eventsql

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"vitrine.dev/internal/events"
	"vitrine.dev/internal/sqldb"
)

const table = "events"

// mostHolders bounds the answer of Holders.
const mostHolders = 5

// Log implements events.Log, but for Wake, which is of sqldb.DB, events.Positions and,
// but for ClaimSlice, events.Remover.
type Log struct{ db *sqldb.DB }

// New returns the log of the database.
func New(db *sqldb.DB) *Log { return &Log{db} }

// Mark implements events.Log. The barrier is drawn after the last id was read:
// whoever drew that or a lower one was writing by then.
func (s *Log) Mark(ctx context.Context, past int64) (m events.Mark, err error) {
	if m.To, err = s.db.LastID(ctx, table); err != nil || m.To <= past {
		return m, err
	}
	m.Barrier, err = s.db.Barrier(ctx)
	return m, err
}

// Passed implements events.Log.
func (s *Log) Passed(ctx context.Context, m events.Mark) (bool, error) {
	return s.db.BarrierPassed(ctx, m.Barrier)
}

// Holders implements events.Log.
func (s *Log) Holders(ctx context.Context, m events.Mark) ([]events.Holder, error) {
	found, err := s.db.BarrierHolders(ctx, m.Barrier, mostHolders)
	list := make([]events.Holder, len(found))
	for i, h := range found {
		list[i] = events.Holder(h)
	}
	return list, err
}

// Read implements events.Log. The end of what was removed is read with the
// events, by one statement: it is the end of what is missing before them.
func (s *Log) Read(ctx context.Context, after, to int64, limit int) (events.Page, error) {
	var where sqldb.Where
	return s.read(ctx, &where, after, to, limit)
}

// ScanEvents implements feed.Log. The rows are read in the order of their ids, which is that of the
// table, and those that the selection does not have are passed over: the caller bounds how many by the ids.
func (s *Log) ScanEvents(ctx context.Context, selected events.Selection, after, to int64, limit int) (events.Page, error) {
	var where sqldb.Where
	if selected.User != 0 {
		where.Add("user_id = ?", selected.User)
	}
	if selected.Product != 0 {
		where.Add("product_id = ?", selected.Product)
	}
	types := make([]any, len(selected.Types))
	for i, t := range selected.Types {
		types[i] = string(t)
	}
	where.Add("type IN ("+strings.Repeat("?, ", len(types)-1)+"?)", types...)
	return s.read(ctx, &where, after, to, limit)
}

// read returns the events within the bounds that meet the conditions.
func (s *Log) read(ctx context.Context, where *sqldb.Where, after, to int64, limit int) (page events.Page, err error) {
	where.Add("id > ?", after)
	where.Add("id <= ?", to)
	var now int64
	rows, err := sqldb.Select(ctx, s.db, "read events", func(row sqldb.Row, r *eventRow) error {
		return row.Scan(&page.RemovedTo, &now, &r.id, &r.kind, &r.product, &r.image, &r.user, &r.revision, &r.version, &r.at, &r.data)
	}, `
		SELECT l.removed_to, {now}, e.id, e.type, e.product_id, e.image_id, e.user_id, e.revision, e.version, e.occurred_at, e.data
		FROM event_log l LEFT JOIN (
			SELECT * FROM events`+where.String()+` ORDER BY id LIMIT `+where.Arg(limit)+`) AS e ON TRUE
		ORDER BY e.id`, where.Args...)
	if err != nil {
		return events.Page{}, err
	}
	page.Now = sqldb.Time(now)
	for _, r := range rows {
		if r.id.Valid { // the row of a page without events has none
			page.Events = append(page.Events, r.event())
		}
	}
	return page, nil
}

// eventRow is an event as the table has it; all of it is null where there is none.
type eventRow struct {
	id, product, image, user, revision, version, at sql.NullInt64
	kind, data                                      sql.NullString
}

func (r eventRow) event() events.Event {
	return events.Event{
		ID: r.id.Int64, Type: events.Type(r.kind.String), ProductID: r.product.Int64, ImageID: r.image.Int64, UserID: r.user.Int64,
		Revision: r.revision.Int64, Version: r.version.Int64, OccurredAt: sqldb.Time(r.at.Int64), Data: events.DecodeData(r.data.String),
	}
}

// RemoveEvents implements events.Remover. Only the front is looked at, by ids:
// no index on the time is kept, and times follow the ids closely.
func (s *Log) RemoveEvents(ctx context.Context, age time.Duration, latest int64, limit int) (removed int, err error) {
	err = s.db.InTx(ctx, "remove old events", func(ctx context.Context, tx *sql.Tx) error {
		removed = 0
		var end int64
		err := tx.QueryRowContext(ctx, s.db.SQL(`
			SELECT coalesce(max(id), 0) FROM (SELECT id, occurred_at FROM events ORDER BY id LIMIT $3) AS front
			WHERE occurred_at <= {now} - $1 OR id <= (SELECT max(id) FROM events) - $2`),
			age.Milliseconds(), latest, limit).Scan(&end)
		if err != nil || end == 0 {
			return err
		}
		result, err := tx.ExecContext(ctx, `DELETE FROM events WHERE id <= $1`, end)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return err
		}
		removed = int(n)
		_, err = tx.ExecContext(ctx, `UPDATE event_log SET removed_to = $1 WHERE removed_to < $1`, end)
		return err
	})
	return removed, err
}
