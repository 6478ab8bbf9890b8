package sqlstore

import (
	"fmt"
	"strings"
	"time"
)

// tuples builds the rows of a VALUES clause: each is shape with %s replaced by
// the placeholders of its arguments, which are numbered through from $1.
func tuples(shape string, rows [][]any) (clause string, args []any) {
	parts := make([]string, len(rows))
	for i, row := range rows {
		marks := make([]string, len(row))
		for j, value := range row {
			args = append(args, value)
			marks[j] = fmt.Sprintf("$%d", len(args))
		}
		parts[i] = fmt.Sprintf(shape, strings.Join(marks, ", "))
	}
	return strings.Join(parts, ", "), args
}

// in builds the placeholders of an IN clause for the ids, numbered from first.
func in(first int, ids []int64) (clause string, args []any) {
	marks := make([]string, len(ids))
	for i, id := range ids {
		marks[i] = fmt.Sprintf("$%d", first+i)
		args = append(args, id)
	}
	return strings.Join(marks, ", "), args
}

func moment(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
