package copysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// reading is the rows of a table at the source, one at a time.
type reading struct {
	*sql.Rows

	width int              // columns
	done  int64            // rows
	read  func(done int64) // is called with each
}

// next returns the values of the next row, nil after the last.
func (r *reading) next() ([]any, error) {
	if !r.Next() {
		return nil, r.Err()
	}
	values, into := make([]any, r.width), make([]any, r.width)
	for i := range values {
		into[i] = &values[i]
	}
	if err := r.Scan(into...); err != nil {
		return nil, err
	}
	r.done++
	r.read(r.done)
	return values, nil
}

// insert writes the rows to SQLite.
func insert(ctx context.Context, tx *sql.Tx, t Table, from *reading) (err error) {
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(t.Columns)), ", ")
	statement, err := tx.PrepareContext(ctx, fmt.Sprintf(`INSERT INTO "%s" (%s) VALUES (%s)`, t.Name, list(t.Columns), marks))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, statement.Close()) }()
	for {
		values, err := from.next()
		if err != nil || values == nil {
			return err
		}
		if _, err := statement.ExecContext(ctx, values...); err != nil {
			return err
		}
	}
}

// copyIn writes the rows to PostgreSQL, in the transaction that is open on the
// connection, by COPY.
func copyIn(ctx context.Context, conn *sql.Conn, t Table, from *reading) error {
	return conn.Raw(func(driver any) error {
		session, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("the connection is a %T", driver)
		}
		_, err := session.Conn().CopyFrom(ctx, pgx.Identifier{t.Name}, t.Columns, pgx.CopyFromFunc(from.next))
		return err
	})
}
