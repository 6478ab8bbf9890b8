package catalogsql

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/eventsql"
	"vitrine.dev/internal/sqlstore/imagesql"
)

// WriteAll writes the entries of one user, no two of which have the same external id, in a
// transaction. What a rule refuses of one is in its Written, and nothing of it is written;
// errors are of the whole transaction, such as catalog.ErrExternalIDTaken where another
// takes an external id meanwhile: it is then to be run again. Batches of one user come one
// after the other: two that insert the same external ids in different orders would wait for
// each other. Products that are there are locked in one order, as every change of several does.
func WriteAll(ctx context.Context, db *sqldb.DB, tx *sql.Tx, user int64, entries []catalog.Entry) ([]catalog.Written, error) {
	s := Products{db: db}
	if !db.OneWriter {
		// Not FOR UPDATE, for which the references of single creates would wait.
		if _, err := tx.ExecContext(ctx, `SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE`, user); err != nil {
			return nil, err
		}
	}
	there, err := s.lockByExternalID(ctx, tx, user, entries)
	if err != nil {
		return nil, err
	}
	written := make([]catalog.Written, len(entries))
	var fresh creation
	for i, e := range entries {
		old, found := there[e.ExternalID]
		switch {
		case found && e.New:
			written[i] = catalog.Written{Outcome: catalog.Rejected, Err: catalog.ErrExternalIDTaken}
		case found:
			written[i], err = s.reviseOne(ctx, tx, old, e)
		case hasUploads(e.Images):
			written[i], err = s.createOne(ctx, tx, e)
		default:
			written[i], err = fresh.add(i, e)
		}
		if err != nil {
			return nil, err
		}
	}
	return written, s.createMany(ctx, tx, user, fresh, written)
}

// lockByExternalID locks the products that have the external ids of the entries, and then reads
// them: a statement that has waited for a lock sees the images as they were when it began.
func (s *Products) lockByExternalID(ctx context.Context, tx *sql.Tx, user int64, entries []catalog.Entry) (map[string]catalog.Product, error) {
	var external []string
	for _, e := range entries {
		if e.ExternalID != "" {
			external = append(external, e.ExternalID)
		}
	}
	there := make(map[string]catalog.Product)
	if len(external) == 0 {
		return there, nil
	}
	table, arg := s.db.Texts(2, "external", external)
	ids, err := sqldb.Found(ctx, tx, s.db.SQL(byExternalID(table)), user, arg)
	if err != nil || len(ids) == 0 {
		return there, err
	}
	marks, args := sqldb.In(1, ids)
	if _, err := sqldb.IDs(ctx, tx, s.db.SQL(`SELECT id FROM products WHERE id IN (`+marks+`) ORDER BY id{for update}`), args...); err != nil {
		return nil, err
	}
	list, err := readProducts(ctx, tx, `p.id IN (`+marks+`)`, args...)
	for _, p := range list {
		there[p.ExternalID] = p
	}
	return there, err
}

// byExternalID looks up each by itself: joins are planned by statistics, which there are none of
// while the first products of a user are imported.
func byExternalID(table string) string {
	return `SELECT (SELECT id FROM products WHERE user_id = $1 AND external_id = v.external) FROM ` + table
}

// creation is new products, which are inserted together, and their places among what is written.
type creation struct {
	places   []int
	products []catalog.NewProduct
}

func (c *creation) add(place int, e catalog.Entry) (catalog.Written, error) {
	n, err := e.Create()
	if err != nil {
		return refused(err)
	}
	c.places, c.products = append(c.places, place), append(c.products, n)
	return catalog.Written{Outcome: catalog.Created, Images: len(n.Images)}, nil
}

// createMany is createInSteps of any number of products of a user that have no uploads, and
// completes what was written: one statement for each table.
func (s *Products) createMany(ctx context.Context, tx *sql.Tx, user int64, c creation, written []catalog.Written) error {
	if len(c.products) == 0 {
		return nil
	}
	var there int64
	err := tx.QueryRowContext(ctx, `SELECT id FROM users WHERE id = $1 AND erasing_at = 0`, user).Scan(&there)
	if err != nil {
		return sqldb.NoRow(err, catalog.ErrUnknownUser)
	}
	ids, err := s.db.DrawIDs(ctx, tx, "products", len(c.products))
	if err != nil {
		return err
	}
	rows := make([][]any, len(ids))
	var images []imagesql.Added
	log := make([]events.Event, len(ids))
	for i, n := range c.products {
		p := newProduct(n, ids[i], 0, nil)
		rows[i] = append([]any{p.ID}, append(productArgs(n), len(n.Images))...)
		for _, placed := range placedImages(n) {
			images = append(images, imagesql.Added{Product: p.ID, RequestID: n.RequestID, Placed: placed})
		}
		log[i] = creationOf(p)
		w := &written[c.places[i]]
		w.ProductID, w.Changed = p.ID, p.Edited()
	}
	values, args := s.db.Tuples("("+newValues("%s")+")", rows)
	if _, err := tx.ExecContext(ctx, s.db.SQL(insertInto("id, user_id")+`VALUES `+values), args...); err != nil {
		return err
	}
	if err := imagesql.AddMany(ctx, s.db, tx, user, images); err != nil {
		return err
	}
	return eventsql.Append(ctx, s.db, tx, log...)
}

func (s *Products) createOne(ctx context.Context, tx *sql.Tx, e catalog.Entry) (catalog.Written, error) {
	n, err := e.Create()
	if err != nil {
		return refused(err)
	}
	var p catalog.Product
	bad, err := withUploads(ctx, tx, e.Images, func() (err error) {
		p, err = s.createInSteps(ctx, tx, n)
		return err
	})
	if err != nil || bad != nil {
		return catalog.Written{Outcome: catalog.Rejected, Err: bad}, err
	}
	return catalog.Written{Outcome: catalog.Created, ProductID: p.ID, Images: len(p.Images), Changed: p.Edited()}, nil
}

// withUploads has an entry written, and returns what is wrong with its images where one is of an
// upload that the user has no image of: then nothing of it is written. Any other error is one of
// the transaction.
func withUploads(ctx context.Context, tx *sql.Tx, images []string, write func() error) (bad, err error) {
	if !hasUploads(images) {
		return nil, write()
	}
	if _, err := tx.ExecContext(ctx, "SAVEPOINT entry"); err != nil {
		return nil, err
	}
	err = write()
	if _, unknown := errors.AsType[*catalog.UnknownUploadError](err); unknown {
		bad = catalog.NamedUpload(err, images)
		_, err = tx.ExecContext(ctx, "ROLLBACK TO entry")
	}
	if err == nil {
		_, err = tx.ExecContext(ctx, "RELEASE entry")
	}
	return bad, err
}

func (s *Products) reviseOne(ctx context.Context, tx *sql.Tx, old catalog.Product, e catalog.Entry) (catalog.Written, error) {
	w := catalog.Written{Outcome: catalog.Unchanged, ProductID: old.ID, Changed: old.Edited()}
	r, err := e.Revise(old)
	if err != nil {
		return refused(err)
	}
	if r.ChangesNothing() {
		return w, nil
	}
	bad, err := withUploads(ctx, tx, e.Images, func() error {
		p, err := s.revise(ctx, tx, old, r)
		w.Outcome, w.Images, w.Changed = catalog.Updated, r.Fetched(), p.Edited()
		return err
	})
	if bad != nil {
		return catalog.Written{Outcome: catalog.Rejected, Err: bad}, err
	}
	return w, err
}

// refused is an entry that a rule refuses; another error is one of the transaction.
func refused(err error) (catalog.Written, error) {
	if !slices.Contains([]fault.Kind{fault.Invalid, fault.Conflict, fault.Forbidden}, fault.KindOf(err)) {
		return catalog.Written{}, err
	}
	return catalog.Written{Outcome: catalog.Rejected, Err: err}, nil
}
