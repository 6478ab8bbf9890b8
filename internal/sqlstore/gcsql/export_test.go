package gcsql

import "vitrine.dev/internal/sqldb"

// Statement is one that reads or marks a part of a table, of the keys from $1 to $2.
type Statement struct {
	Text string
	More []any // arguments
	// OfUnused says that it reads only what is marked.
	OfUnused bool
}

// Statements are those of the table that has the key, by their names.
func Statements(d sqldb.Dialect, key string) map[string]Statement {
	t := of(key)
	return map[string]Statement{
		"page":   {d.SQL(t.page()), []any{100}, false},
		"mark":   {d.SQL(t.mark()), nil, false},
		"unmark": {d.SQL(t.unmark()), nil, true},
		"unused": {d.SQL(t.unused()), []any{int64(1000), 100}, true},
	}
}
