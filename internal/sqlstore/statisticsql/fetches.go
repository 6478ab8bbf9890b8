package statisticsql

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/statistics"
)

func (s *Past) addFetches(ctx context.Context, tx *sql.Tx, cells []statistics.Cell, ago time.Duration) error {
	if len(cells) == 0 {
		return nil
	}
	rows := make([][]any, len(cells))
	for i, c := range cells {
		rows[i] = []any{c.Host, c.Class, c.Fetches}
	}
	length := statistics.FetchesLength.Milliseconds()
	values, args := s.db.Tuples(fmt.Sprintf("(({now} - %d) / %d * %d, %%s)", ago.Milliseconds(), length, length), rows)
	_, err := tx.ExecContext(ctx, s.db.SQL(`INSERT INTO host_fetches (begun_at, host, class, fetches) VALUES `+values+`
		ON CONFLICT (host, begun_at, class) DO UPDATE SET fetches = host_fetches.fetches + excluded.fetches`), args...)
	return err
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
