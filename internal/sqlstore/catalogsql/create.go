package catalogsql

import (
	"context"
	"database/sql"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/sqldb"
)

// Products implements catalog.Store, catalog.Keys and catalog.UserStore.
type Products struct{ db *sqldb.DB }

// New returns the products of the database.
func New(db *sqldb.DB) *Products { return &Products{db} }

// CreateProduct implements catalog.Store.
func (s *Products) CreateProduct(ctx context.Context, n catalog.NewProduct) (p catalog.Product, err error) {
	if s.db.AtOnce {
		err = s.db.WriteWithRetry(ctx, "create product", func(ctx context.Context) error {
			p, err = s.createAtOnce(ctx, n)
			return err
		})
		if err == nil {
			s.db.Committed()
		}
		return p, err
	}
	err = s.db.InTxNotify(ctx, "create product", func(ctx context.Context, tx *sql.Tx) error {
		p, err = s.createInSteps(ctx, tx, n)
		return err
	})
	return p, err
}
