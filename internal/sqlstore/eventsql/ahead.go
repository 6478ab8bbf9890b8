package eventsql

import (
	"context"

	"vitrine.dev/internal/fsck"
	"vitrine.dev/internal/sqldb"
)

// ReadersAhead implements fsck.Store. The end of the log is read after the
// positions: a reader that goes on meanwhile is not beyond it.
func (s *Log) ReadersAhead(ctx context.Context) (ahead []fsck.Reader, last int64, err error) {
	all, err := sqldb.Select(ctx, s.db, "read event readers",
		func(row sqldb.Row, r *fsck.Reader) error { return row.Scan(&r.Name, &r.Position) },
		`SELECT name, position FROM event_readers ORDER BY name`)
	if err != nil {
		return nil, 0, err
	}
	if last, err = s.db.LastID(ctx, table); err != nil {
		return nil, 0, err
	}
	for _, r := range all {
		if r.Position > last {
			ahead = append(ahead, r)
		}
	}
	return ahead, last, nil
}

// SetBackReader implements fsck.Store. The lease goes with the position: its holder
// knows another one.
func (s *Log) SetBackReader(ctx context.Context, name string, position int64) error {
	_, err := s.db.Exec(ctx, "set back event reader", `
		UPDATE event_readers SET position = $2, holder = '', lease_until = 0 WHERE name = $1 AND position > $2`, name, position)
	return err
}
