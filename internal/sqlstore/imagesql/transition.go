package imagesql

import (
	"context"
	"database/sql"
	"slices"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/failpoint"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/eventsql"
)

// Listed is the condition that an image is on the list of failures; its indexes are
// partial by it.
const Listed = `status = 'failed' AND discarded_at = 0`

// errSuperseded ends a transition that the image is not in the state for.
func errSuperseded() error {
	return fault.New(fault.Conflict, "the image is not waiting for this")
}

// transition is every change of an image's state: it locks the product before
// the image, has move move the image, writes the product as it shows the image
// then, and records the event that move completes. Where move completes none, the
// product shows what it did, and keeps its revision. Where move returns false,
// nothing was written.
func (s *Images) transition(
	ctx context.Context, operation string, productID int64, move func(context.Context, *sql.Tx, *events.Event) (bool, error),
) (changed catalog.Changed, err error) {
	err = s.db.InTxNotify(ctx, operation, func(ctx context.Context, tx *sql.Tx) error {
		event := events.Event{ProductID: productID}
		err := tx.QueryRowContext(ctx, s.db.SQL(`SELECT user_id, revision, version FROM products WHERE id = $1{for update}`), productID).
			Scan(&event.UserID, &event.Revision, &event.Version)
		if err != nil {
			return sqldb.NoRow(err, errSuperseded())
		}
		moved, err := move(ctx, tx, &event)
		if err != nil {
			return err
		}
		if !moved {
			return errSuperseded()
		}
		changed = catalog.ChangedBy(event)
		if event.Type != "" {
			all, err := progress(ctx, s.db, tx, []int64{productID})
			if err != nil {
				return err
			}
			changed = all[0]
			event.Revision, event.Version = changed.Revision, changed.Version
			if err := eventsql.Append(ctx, s.db, tx, event); err != nil {
				return err
			}
		}
		failpoint.Crash(failpoint.Point(operation))
		return nil
	})
	return changed, err
}

// happened is what happened to an image.
func happened(to *events.Event, what events.Type, image int64, data events.Data) {
	to.Type, to.ImageID, to.Data = what, image, data
}

// movedImage is an image that one statement moved together with others.
type movedImage struct {
	image, product int64
	shown          bool // its product shows a picture of it meanwhile, so nothing has happened to see
}

// progressEach writes the products, which the transaction has locked, as they
// show the images that it has moved, and records what happened to each that they show.
func progressEach(
	ctx context.Context, db *sqldb.DB, tx *sql.Tx, images []movedImage, what events.Type, data events.Data,
) ([]catalog.Changed, error) {
	images = slices.DeleteFunc(images, func(m movedImage) bool { return m.shown })
	if len(images) == 0 {
		return nil, nil
	}
	products := make([]int64, len(images))
	for i, m := range images {
		products[i] = m.product
	}
	slices.Sort(products)
	changed, err := progress(ctx, db, tx, slices.Compact(products))
	if err != nil {
		return nil, err
	}
	of := make(map[int64]events.Event, len(changed))
	for _, c := range changed {
		of[c.ProductID] = events.Event{ProductID: c.ProductID, UserID: c.UserID, Revision: c.Revision, Version: c.Version}
	}
	list := make([]events.Event, len(images))
	for i, m := range images {
		list[i] = of[m.product]
		happened(&list[i], what, m.image, data)
	}
	return changed, eventsql.Append(ctx, db, tx, list...)
}
