package importsql

import "vitrine.dev/internal/sqldb"

// Statement is a read of a step of an import, and the index that it goes along.
type Statement struct {
	Text  string
	Args  []any
	Index string
}

// Statements are those of the import 1 and so many of its rows and products.
func Statements(db *sqldb.DB, external []string, products []int64) []Statement {
	table, arg := db.Texts(2, "external", external)
	counted, args := countImages(db, "import-1", products)
	return []Statement{
		{linesByExternalID(table), []any{1, arg}, "import_rows_by_external_id"},
		{selectWaiting, []any{1, 5, mostLooked}, "import_rows_waiting"},
		{counted, args, "images_by_product"},
	}
}
