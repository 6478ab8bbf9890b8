package catalogsql

import (
	"vitrine.dev/internal/catalog/find"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/sqldb"
)

// Products implements catalog.Store and catalog.Keys.
type Products struct {
	db *sqldb.DB
	// What is the same for every create: of the event, and the statements of
	// createAtOnce and onceAtOnce.
	data, create, createOnce string
	mostWalked               int64 // as the constant is; less in tests
	isFew                    func(have, of int) bool
}

// New returns the products of the database.
func New(db *sqldb.DB) *Products {
	data, _ := events.Data{}.Encode() // nothing always encodes
	return &Products{db: db, data: data, create: db.SQL(createStatement()), createOnce: db.SQL(onceStatement()), mostWalked: mostWalked, isFew: find.Few}
}
