// Package sqldbtest shows tests how the databases run statements.
package sqldbtest

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"

	"vitrine.dev/internal/sqldb"
)

// prepared numbers statements: their names outlive transactions.
var prepared atomic.Int64

// Plan is how the database would run the statement as it is asked now: PostgreSQL as a prepared statement, by a plan
// for its arguments or by a generic one, as its settings say.
func Plan(ctx context.Context, from sqldb.Querier, oneWriter bool, statement string, args ...any) (string, error) {
	explain, scan := "EXPLAIN QUERY PLAN "+statement, func(row sqldb.Row, line *string) error { return row.Scan(new(int), new(int), new(int), line) }
	if !oneWriter {
		name := fmt.Sprintf("explained_%d", prepared.Add(1))
		none := func(sqldb.Row, *string) error { return nil }
		if _, err := sqldb.Collect(ctx, from, none, "PREPARE "+name+" AS "+statement); err != nil {
			return "", fmt.Errorf("prepare: %w\n%s", err, statement)
		}
		explain, args = "EXPLAIN (COSTS OFF) EXECUTE "+name+literals(args), nil
		scan = func(row sqldb.Row, line *string) error { return row.Scan(line) }
	}
	lines, err := sqldb.Collect(ctx, from, scan, explain, args...)
	if err != nil {
		return "", fmt.Errorf("explain: %w\n%s", err, statement)
	}
	return strings.Join(lines, "\n"), nil
}

func literals(args []any) string {
	if len(args) == 0 {
		return ""
	}
	list := make([]string, len(args))
	for i, arg := range args {
		list[i] = literal(arg)
	}
	return "(" + strings.Join(list, ", ") + ")"
}

// literal is a value as PostgreSQL reads it, whatever its type.
func literal(arg any) string {
	text := fmt.Sprint(arg)
	switch v := reflect.ValueOf(arg); {
	case !v.IsValid():
		return "NULL"
	case v.Kind() == reflect.Slice:
		elements := make([]string, v.Len())
		for i := range elements {
			elements[i] = fmt.Sprintf("%q", fmt.Sprint(v.Index(i)))
		}
		text = "{" + strings.Join(elements, ",") + "}"
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}

// Explaining runs queries, and keeps how the database runs each.
type Explaining struct {
	sqldb.Querier

	OneWriter bool
	Plans     []string
}

// QueryContext implements sqldb.Querier.
func (e *Explaining) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := e.Explain(ctx, query, args...); err != nil {
		return nil, err
	}
	return e.Querier.QueryContext(ctx, query, args...) //nolint:wrapcheck // as it is
}

// Explain keeps how the database would run a statement.
func (e *Explaining) Explain(ctx context.Context, statement string, args ...any) error {
	plan, err := Plan(ctx, e.Querier, e.OneWriter, statement, args...)
	e.Plans = append(e.Plans, plan)
	return err
}
