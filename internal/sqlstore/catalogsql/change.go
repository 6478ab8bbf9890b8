package catalogsql

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/find"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/eventsql"
	"vitrine.dev/internal/sqlstore/imagesql"
)

// errOvertaken says that a product is no longer at the version that was read.
var errOvertaken = errors.New("the product has changed since")

// ReviseProduct implements catalog.Store.
func (s *Products) ReviseProduct(
	ctx context.Context, id int64, revise func(catalog.Product) (catalog.Revision, error),
) (p catalog.Product, err error) {
	for range catalog.OptimisticTries {
		p, err = s.reviseUnlocked(ctx, id, revise)
		if !errors.Is(err, errOvertaken) {
			return p, err
		}
	}
	err = s.db.InTxNotify(ctx, "revise product", func(ctx context.Context, tx *sql.Tx) error {
		p, err = s.reviseLocked(ctx, tx, id, revise)
		return err
	})
	return p, err
}

// reviseUnlocked writes only where no one else has changed the product since it
// was read; errOvertaken.
func (s *Products) reviseUnlocked(
	ctx context.Context, id int64, revise func(catalog.Product) (catalog.Revision, error),
) (catalog.Product, error) {
	p, err := s.Product(ctx, id)
	if err != nil {
		return p, err
	}
	r, err := revise(p)
	if err != nil || r.ChangesNothing() {
		return p, err
	}
	var revised catalog.Product
	err = s.db.InTxNotify(ctx, "revise product", func(ctx context.Context, tx *sql.Tx) error {
		revised, err = s.revise(ctx, tx, p, r)
		return err
	})
	return revised, err
}

// reviseLocked reads the product by a statement of its own after the lock was taken: a
// statement that has waited for a lock sees the locked row as it is now, but the
// images as they were when it began.
func (s *Products) reviseLocked(
	ctx context.Context, tx *sql.Tx, id int64, revise func(catalog.Product) (catalog.Revision, error),
) (catalog.Product, error) {
	var locked int64
	err := tx.QueryRowContext(ctx, s.db.SQL(`SELECT id FROM products WHERE id = $1{for update}`), id).Scan(&locked)
	if err != nil {
		return catalog.Product{}, sqldb.NoRow(err, catalog.ErrNoProduct)
	}
	p, err := s.readProduct(ctx, tx, id)
	if err != nil {
		return p, err
	}
	r, err := revise(p)
	if err != nil || r.ChangesNothing() {
		return p, err
	}
	return s.revise(ctx, tx, p, r)
}

// revise writes the revision of the product that was read and what follows from it, and
// returns the product as it is then. errOvertaken.
func (s *Products) revise(ctx context.Context, tx *sql.Tx, old catalog.Product, r catalog.Revision) (catalog.Product, error) {
	var version int64
	err := tx.QueryRowContext(ctx, s.db.SQL(`SELECT version FROM products WHERE id = $1{for update}`), old.ID).Scan(&version)
	if err != nil {
		return catalog.Product{}, sqldb.NoRow(err, catalog.ErrNoProduct)
	}
	if version != old.Version {
		return catalog.Product{}, errOvertaken
	}
	if len(r.Fields) > 0 {
		if err := s.edit(ctx, tx, old, r); err != nil {
			return catalog.Product{}, err
		}
	}
	if err := imagesql.RetryFailed(ctx, s.db, tx, r.Retry, r.RequestID); err != nil {
		return catalog.Product{}, err
	}
	p, err := s.readProduct(ctx, tx, old.ID)
	if err != nil || r.Once == nil {
		return p, err
	}
	added := slices.IndexFunc(r.Images, func(i catalog.PlannedImage) bool { return i.ID == 0 })
	return p, s.useKey(ctx, tx, p.UserID, p.ID, p.Images[added].ID, *r.Once)
}

// edit writes the fields of the product, which the transaction has locked, and the event.
func (s *Products) edit(ctx context.Context, tx *sql.Tx, old catalog.Product, r catalog.Revision) error {
	if err := s.reviseImages(ctx, tx, old, r); err != nil {
		return err
	}
	e := events.Event{Type: events.ProductUpdated, ProductID: old.ID, UserID: old.UserID, Data: events.Data{Fields: r.Fields}}
	err := tx.QueryRowContext(ctx, s.db.SQL(`
		UPDATE products SET name = $2, name_folded = $3, description = $4, price = $5, external_id = $6, metadata = $7,
		       version = version + 1, updated_at = {now}, `+imagesql.Revised+` WHERE id = $1
		RETURNING revision, version`),
		old.ID, r.Name, find.Fold(r.Name), r.Description, int64(r.Price),
		orNull(r.ExternalID), orNull(r.Metadata.Encode())).Scan(&e.Revision, &e.Version)
	if err != nil {
		return err
	}
	return eventsql.Append(ctx, s.db, tx, e)
}

// reviseImages makes the images what the plan says. They are those of the product that
// was read, as no edit came between.
func (s *Products) reviseImages(ctx context.Context, tx *sql.Tx, old catalog.Product, r catalog.Revision) error {
	dropped := make(map[int64]catalog.Image, len(old.Images))
	for _, img := range old.Images {
		dropped[img.ID] = img
	}
	var fresh []imagesql.Placed
	for position, planned := range r.Images {
		if planned.ID == 0 {
			fresh = append(fresh, imagesql.Placed{Position: position, URL: planned.SourceURL, Alt: planned.Alt, Stored: planned.Stored})
			continue
		}
		img := dropped[planned.ID]
		delete(dropped, planned.ID)
		if img.Position == position && img.Alt == planned.Alt {
			continue
		}
		_, err := tx.ExecContext(ctx, s.db.SQL(`UPDATE images SET position = $2, alt = $3, updated_at = {now} WHERE id = $1`), planned.ID, position, planned.Alt)
		if err != nil {
			return err
		}
	}
	if err := imagesql.Drop(ctx, tx, slices.Collect(maps.Keys(dropped))); err != nil {
		return err
	}
	_, err := imagesql.Add(ctx, s.db, tx, old.UserID, old.ID, fresh, r.RequestID)
	return err
}

// DeleteProduct implements catalog.Store.
func (s *Products) DeleteProduct(ctx context.Context, id int64, check func(user, version int64) error) (changed catalog.Changed, err error) {
	err = s.db.InTxNotify(ctx, "delete product", func(ctx context.Context, tx *sql.Tx) error {
		var user, version, revision int64
		err := tx.QueryRowContext(ctx, s.db.SQL(`SELECT user_id, version, revision FROM products WHERE id = $1{for update}`), id).
			Scan(&user, &version, &revision)
		if err != nil {
			return sqldb.NoRow(err, catalog.ErrNoProduct)
		}
		if err := check(user, version); err != nil {
			return err
		}
		deleted := deletion(id, user, version, revision)
		changed = catalog.ChangedBy(deleted)
		return drop(ctx, s.db, tx, deleted)
	})
	return changed, err
}
