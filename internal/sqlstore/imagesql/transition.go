package imagesql

import (
	"context"
	"database/sql"

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

// held is the condition under which a claim still is one: its fencing token.
const held = ` WHERE id = $1 AND generation = $2 AND attempts = $3 AND status = 'processing'`

// errSuperseded ends a transition that the image is not in the state for.
func errSuperseded() error {
	return fault.New(fault.Conflict, "the image is not waiting for this")
}

// transition is every change of an image's state: it locks the product before
// the image, has move move the image, writes the product as it shows the image
// then, and records the event that move completes. Where move returns false,
// nothing was written.
func (s *Images) transition(
	ctx context.Context, operation string, productID int64, move func(context.Context, *sql.Tx, *events.Event) (bool, error),
) (changed catalog.Changed, err error) {
	err = s.db.InTxNotify(ctx, operation, func(ctx context.Context, tx *sql.Tx) error {
		event := events.Event{ProductID: productID}
		err := tx.QueryRowContext(ctx, s.db.SQL(`SELECT user_id FROM products WHERE id = $1{for update}`), productID).Scan(&event.UserID)
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
		all, err := progress(ctx, s.db, tx, []int64{productID})
		if err != nil {
			return err
		}
		changed = all[0]
		event.Revision, event.Version = changed.Revision, changed.Version
		if event.Type != "" {
			err = eventsql.Append(ctx, s.db, tx, event)
		}
		failpoint.Crash(failpoint.Point(operation))
		return err
	})
	return changed, err
}

// eventOf is an event of the change, without what happened.
func eventOf(c catalog.Changed) events.Event {
	return events.Event{ProductID: c.ProductID, UserID: c.UserID, Revision: c.Revision, Version: c.Version}
}

// happened is what happened to an image.
func happened(to *events.Event, what events.Type, image int64, data events.Data) {
	to.Type, to.ImageID, to.Data = what, image, data
}

// movedImage is an image that one statement moved together with others.
type movedImage struct{ image, product int64 }

// appendEach records what happened to each of the images, whose products have
// changed as given.
func appendEach(
	ctx context.Context, db *sqldb.DB, tx *sql.Tx, changed []catalog.Changed, images []movedImage, what events.Type, data events.Data,
) error {
	of := make(map[int64]events.Event, len(changed))
	for _, c := range changed {
		of[c.ProductID] = eventOf(c)
	}
	list := make([]events.Event, len(images))
	for i, m := range images {
		list[i] = of[m.product]
		happened(&list[i], what, m.image, data)
	}
	return eventsql.Append(ctx, db, tx, list...)
}

// setFailed is the only wording of how an image becomes failed: whatever finds
// failed images filters by these columns. It takes the placeholders of the reason
// and its detail.
func setFailed(reason, detail string) string {
	return `UPDATE images SET status = 'failed', lease_until = 0, reason = ` + reason + `, reason_detail = ` + detail + `,
		failed_at = {now}, failed_user = (SELECT user_id FROM products WHERE products.id = images.product_id)`
}

// startOver is the only wording of how an image becomes what a new one is, in
// its next generation, also by its age. Whoever uses it enqueues the job, too.
const startOver = `
	UPDATE images SET status = 'pending', generation = generation + 1, attempts = 0, lost_attempts = 0, retry_at = 0, lease_until = 0,
	       reason = '', reason_detail = '', failed_at = 0, failed_user = 0, discarded_at = 0, rendition_key = NULL,
	       queued_at = {now}, accepted_at = {now}`
