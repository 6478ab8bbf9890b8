package catalogsql

import "vitrine.dev/internal/sqldb"

// Products implements catalog.Store, catalog.Keys and catalog.UserStore.
type Products struct {
	db *sqldb.DB
	// Of createAtOnce and onceAtOnce: put together once, since they are long.
	create, createOnce string
}

// New returns the products of the database.
func New(db *sqldb.DB) *Products {
	return &Products{db: db, create: db.SQL(createStatement()), createOnce: db.SQL(onceStatement())}
}
