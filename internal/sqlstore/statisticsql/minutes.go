package statisticsql

import (
	"context"
	"database/sql"
	"time"

	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/statistics"
)

// Past implements statistics.Store.
type Past struct{ db *sqldb.DB }

// New returns the past minutes of the database.
func New(db *sqldb.DB) *Past { return &Past{db} }

// Add implements statistics.Store. The row of the minute, which all processes write, comes last, so that
// it is locked for the shortest time.
func (s *Past) Add(ctx context.Context, c statistics.Counts, cells []statistics.Cell, ago time.Duration) (now time.Time, err error) {
	var ms int64
	err = s.db.InTx(ctx, "add to a minute", func(ctx context.Context, tx *sql.Tx) error {
		if err := s.addFetches(ctx, tx, cells, ago); err != nil {
			return err
		}
		if c == (statistics.Counts{}) {
			return tx.QueryRowContext(ctx, s.db.SQL(`SELECT {now}`)).Scan(&ms)
		}
		return tx.QueryRowContext(ctx, s.db.SQL(`
			INSERT INTO minutes (minute, ready, retried, failed, bytes_in, bytes_out) VALUES (({now} - $1) / $2 * $2, $3, $4, $5, $6, $7)
			ON CONFLICT (minute) DO UPDATE SET ready = minutes.ready + excluded.ready, retried = minutes.retried + excluded.retried,
				failed = minutes.failed + excluded.failed, bytes_in = minutes.bytes_in + excluded.bytes_in, bytes_out = minutes.bytes_out + excluded.bytes_out
			RETURNING {now}`),
			ago.Milliseconds(), statistics.Length.Milliseconds(), c.Ready, c.Retried, c.Failed, c.BytesIn, c.BytesOut).Scan(&ms)
	})
	return sqldb.Time(ms), err
}

// AddSample implements statistics.Store.
func (s *Past) AddSample(ctx context.Context, minute time.Time, sample statistics.Sample) error {
	_, err := s.db.Exec(ctx, "add sample", `
		INSERT INTO minutes (minute, sampled, waiting, more, oldest, in_flight) VALUES ($1, 1, $2, $3, $4, $5)
		ON CONFLICT (minute) DO UPDATE SET sampled = 1, waiting = excluded.waiting, more = excluded.more, oldest = excluded.oldest,
			in_flight = excluded.in_flight
		WHERE minutes.sampled = 0`,
		minute.UnixMilli(), sample.Waiting, sqldb.OneOrZero(sample.More), sample.Oldest.Milliseconds(), sample.InFlight)
	return err
}

// Minutes implements statistics.Store.
func (s *Past) Minutes(ctx context.Context, within time.Duration) (list []statistics.Minute, now time.Time, err error) {
	var ms int64
	err = s.db.WithRetry(ctx, "read minutes", func(ctx context.Context) (err error) {
		list, err = sqldb.Collect(ctx, s.db.Reader, func(row sqldb.Row, m *statistics.Minute) error { return scan(row, m, &ms) }, s.db.SQL(`
			SELECT minute, ready, retried, failed, bytes_in, bytes_out, sampled, waiting, more, oldest, in_flight, {now}
			FROM minutes WHERE minute > {now} - $1 ORDER BY minute`), within.Milliseconds())
		if err != nil || len(list) > 0 {
			return err
		}
		return s.db.Reader.QueryRowContext(ctx, s.db.SQL(`SELECT {now}`)).Scan(&ms)
	})
	return list, sqldb.Time(ms), err
}

func scan(row sqldb.Row, m *statistics.Minute, now *int64) error {
	var at, oldest int64
	var sampled bool
	var sample statistics.Sample
	err := row.Scan(&at, &m.Ready, &m.Retried, &m.Failed, &m.BytesIn, &m.BytesOut,
		&sampled, &sample.Waiting, &sample.More, &oldest, &sample.InFlight, now)
	m.At = sqldb.Time(at)
	if sample.Oldest = time.Duration(oldest) * time.Millisecond; sampled {
		m.Sample = &sample
	}
	return err
}

// PurgeMinutes implements statistics.Store.
func (s *Past) PurgeMinutes(ctx context.Context, ago time.Duration, limit int) (removed int, err error) {
	return s.db.Exec(ctx, "purge minutes", `
		DELETE FROM minutes WHERE minute IN (SELECT minute FROM minutes WHERE minute < {now} - $1 ORDER BY minute LIMIT $2)`,
		ago.Milliseconds(), limit)
}
