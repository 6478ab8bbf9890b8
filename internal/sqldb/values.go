package sqldb

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// OneOrZero is a truth value as a column of numbers has it.
func OneOrZero(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Tuples builds the rows of a VALUES clause: each is shape with %s replaced by
// the placeholders of its arguments, which are all those of the statement. SQLite looks
// up a numbered one among all others, and so gets them without numbers.
func (d Dialect) Tuples(shape string, rows [][]any) (clause string, args []any) {
	parts := make([]string, len(rows))
	for i, row := range rows {
		marks := make([]string, len(row))
		for j, value := range row {
			args = append(args, value)
			if marks[j] = "?"; !d.OneWriter {
				marks[j] = "$" + strconv.Itoa(len(args))
			}
		}
		parts[i] = fmt.Sprintf(shape, strings.Join(marks, ", "))
	}
	return strings.Join(parts, ", "), args
}

// Numbers is a list of rows as a table v of a FROM clause, with columns of the
// given names; on PostgreSQL its arguments are numbered from first, so that one
// statement serves any number of rows.
func (d Dialect) Numbers(first int, columns []string, rows [][]int64) (table string, args []any) {
	if d.OneWriter {
		shown := make([]string, len(columns))
		for i, c := range columns {
			shown[i] = fmt.Sprintf("column%d AS %s", i+1, c)
		}
		values := make([]string, len(rows))
		for i, row := range rows {
			numbers := make([]string, len(row))
			for j, n := range row {
				numbers[j] = strconv.FormatInt(n, 10)
			}
			values[i] = "(" + strings.Join(numbers, ", ") + ")"
		}
		return "(SELECT " + strings.Join(shown, ", ") + " FROM (VALUES " + strings.Join(values, ", ") + ")) AS v", nil
	}
	marks := make([]string, len(columns))
	for i := range columns {
		column := make([]int64, len(rows))
		for j, row := range rows {
			column[j] = row[i]
		}
		marks[i] = fmt.Sprintf("$%d::BIGINT[]", first+i)
		args = append(args, column)
	}
	return "unnest(" + strings.Join(marks, ", ") + ") AS v (" + strings.Join(columns, ", ") + ")", args
}

// Texts is a list of texts as a table v of a FROM clause with one column, whose
// only argument has the number given.
func (d Dialect) Texts(number int, column string, texts []string) (table string, arg any) {
	if !d.OneWriter {
		return fmt.Sprintf("unnest($%d::TEXT[]) AS v (%s)", number, column), texts
	}
	list, err := json.Marshal(texts)
	if err != nil { // texts always encode
		list = []byte("[]")
	}
	return fmt.Sprintf("(SELECT value AS %s FROM json_each($%d)) AS v", column, number), string(list)
}

// In builds the placeholders of an IN clause for the ids, numbered from first.
func In(first int, ids []int64) (clause string, args []any) {
	marks := make([]string, len(ids))
	for i, id := range ids {
		marks[i] = fmt.Sprintf("$%d", first+i)
		args = append(args, id)
	}
	return strings.Join(marks, ", "), args
}

// Time is the moment of a column of milliseconds since 1970.
func Time(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// Where builds a WHERE clause and its arguments. The zero value is the clause
// that selects everything.
type Where struct {
	Args  []any
	terms []string
}

// Add adds a term; each ? in it stands for the next of the values.
func (w *Where) Add(term string, values ...any) {
	for _, v := range values {
		term = strings.Replace(term, "?", w.Arg(v), 1)
	}
	w.terms = append(w.terms, term)
}

// Arg adds an argument outside of the clause and returns its placeholder.
func (w *Where) Arg(value any) string {
	w.Args = append(w.Args, value)
	return "$" + strconv.Itoa(len(w.Args))
}

// In takes ids for values, and returns their placeholders for an IN.
func (w *Where) In(ids []int64) string {
	marks, args := In(len(w.Args)+1, ids)
	w.Args = append(w.Args, args...)
	return marks
}

// String returns the clause, empty where there is no term.
func (w *Where) String() string {
	if len(w.terms) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.terms, " AND ")
}
