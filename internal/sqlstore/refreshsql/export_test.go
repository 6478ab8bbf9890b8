package refreshsql

import "vitrine.dev/internal/refresh"

// CountStatement is what CountReady runs, with its arguments.
func CountStatement(f refresh.Filter, asOf int64) (statement string, args []any) {
	return countReady(f, asOf)
}
