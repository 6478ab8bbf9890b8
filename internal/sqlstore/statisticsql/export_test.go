package statisticsql

import "vitrine.dev/internal/sqldb"

// FetchesStatement is what Fetches runs, with its arguments.
func FetchesStatement(d sqldb.Dialect, hosts []string) (statement string, args []any) {
	table, arg := d.Texts(2, "name", hosts)
	return d.SQL(fetches(table)), []any{1, arg}
}
