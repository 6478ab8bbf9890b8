package sqldb

import (
	"context"
	"database/sql"
	"errors"

	"vitrine.dev/internal/fault"
)

// Querier is a database or a transaction of it.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Row is one row of an answer. It is no interface, so that what Scan is given
// does not escape.
type Row struct{ *sql.Rows }

// Collect reads all rows of a query, each by scan into its element. The list is
// nil only with an error.
func Collect[T any](ctx context.Context, from Querier, scan func(Row, *T) error, query string, args ...any) ([]T, error) {
	rows, err := from.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []T{}
	for rows.Next() {
		list = append(list, *new(T))
		if err := scan(Row{rows}, &list[len(list)-1]); err != nil {
			return nil, err
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return list, nil
}

// Select is Collect of one statement, which it completes, outside of a transaction.
func Select[T any](
	ctx context.Context, db *DB, operation string, scan func(Row, *T) error, query string, args ...any,
) (list []T, err error) {
	err = db.WithRetry(ctx, operation, func(ctx context.Context) error {
		list, err = Collect(ctx, db.Reader, scan, db.SQL(query), args...)
		return err
	})
	return list, err
}

// Exec runs one statement, which it completes, outside of a transaction, and
// returns how many rows it changed. Its end is not observed (see OnWrite): a
// statement that finds nothing writes nothing.
func (db *DB) Exec(ctx context.Context, operation, statement string, args ...any) (changed int, err error) {
	err = db.WithRetry(ctx, operation, func(ctx context.Context) error {
		result, err := db.Writer.ExecContext(ctx, db.SQL(statement), args...)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		changed = int(n)
		return err
	})
	return changed, err
}

// IDs reads all rows of a query for one number each.
func IDs(ctx context.Context, from Querier, query string, args ...any) ([]int64, error) {
	return Collect(ctx, from, func(row Row, id *int64) error { return row.Scan(id) }, query, args...)
}

// Number is IDs of a query that has one row. sql.ErrNoRows.
func Number(ctx context.Context, from Querier, query string, args ...any) (int64, error) {
	list, err := IDs(ctx, from, query, args...)
	if err != nil {
		return 0, err
	}
	if len(list) == 0 {
		return 0, sql.ErrNoRows
	}
	return list[0], nil
}

// Found is IDs of a query in which NULL stands for what was not found, which it leaves out.
func Found(ctx context.Context, from Querier, query string, args ...any) ([]int64, error) {
	all, err := Collect(ctx, from, func(row Row, id *sql.NullInt64) error { return row.Scan(id) }, query, args...)
	var ids []int64
	for _, id := range all {
		if id.Valid {
			ids = append(ids, id.Int64)
		}
	}
	return ids, err
}

// Affected reports whether a statement changed a row.
func Affected(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// NoRow returns instead where err says that there is no row, and else err.
func NoRow(err, instead error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return instead
	}
	return err
}

// NotFound is the error where a row is not there.
func NotFound(what string) error { return fault.New(fault.NotFound, "there is no such "+what) }
