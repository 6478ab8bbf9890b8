package statisticsql

import (
	"context"
	"fmt"
	"time"

	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/statistics"
)

// AddFetches implements statistics.Store.
func (s *Past) AddFetches(ctx context.Context, cells []statistics.Cell, ago time.Duration) (now time.Time, err error) {
	rows := make([][]any, len(cells))
	for i, c := range cells {
		rows[i] = []any{c.Host, c.Class, c.Fetches}
	}
	length := statistics.FetchesLength.Milliseconds()
	values, args := s.db.Tuples(fmt.Sprintf("(({now} - %d) / %d * %d, %%s)", ago.Milliseconds(), length, length), rows)
	var ms int64
	err = s.db.WithRetry(ctx, "add fetches", func(ctx context.Context) error {
		_, err := s.db.Writer.ExecContext(ctx, s.db.SQL(`INSERT INTO host_fetches (begun_at, host, class, fetches) VALUES `+values+`
			ON CONFLICT (host, begun_at, class) DO UPDATE SET fetches = host_fetches.fetches + excluded.fetches`), args...)
		if err != nil {
			return err
		}
		return s.db.Reader.QueryRowContext(ctx, s.db.SQL(`SELECT {now}`)).Scan(&ms)
	})
	return sqldb.Time(ms), err
}

// Fetches implements statistics.Store.
func (s *Past) Fetches(ctx context.Context, hosts []string, within time.Duration) (cells []statistics.Cell, err error) {
	err = s.db.Along(ctx, "read fetches", func(ctx context.Context, from sqldb.Querier) error {
		table, arg := s.db.Texts(2, "name", hosts)
		cells, err = sqldb.Collect(ctx, from, func(row sqldb.Row, c *statistics.Cell) error {
			return row.Scan(&c.Host, &c.Class, &c.Fetches)
		}, s.db.SQL(fetches(table)), within.Milliseconds()+statistics.FetchesLength.Milliseconds(), arg)
		return err
	})
	return cells, err
}

// fetches selects along the primary key (TestPlans): the index by time would have it read what all hosts had.
func fetches(hosts string) string {
	return `SELECT host, class, CAST(sum(fetches) AS BIGINT) FROM ` + hosts + ` JOIN host_fetches ON host = name
		WHERE begun_at + 0 > {now} - $1 GROUP BY host, class`
}

// PurgeFetches implements statistics.Store.
func (s *Past) PurgeFetches(ctx context.Context, ago time.Duration, limit int) (removed int, err error) {
	return s.db.Exec(ctx, "purge fetches", `
		DELETE FROM host_fetches WHERE (host, begun_at, class) IN (
			SELECT host, begun_at, class FROM host_fetches WHERE begun_at < {now} - $1 ORDER BY begun_at LIMIT $2)`,
		ago.Milliseconds(), limit)
}
