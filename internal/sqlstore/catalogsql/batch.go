package catalogsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqldb"
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
	for i, e := range entries {
		id, found := there[e.ExternalID]
		switch {
		case found && e.New:
			written[i] = catalog.Written{Outcome: catalog.Rejected, Err: catalog.ErrExternalIDTaken}
		case found:
			written[i], err = s.reviseOne(ctx, tx, id, e)
		default:
			written[i], err = s.createOne(ctx, tx, e)
		}
		if err != nil {
			return nil, err
		}
	}
	return written, nil
}

// lockByExternalID locks the products that have the external ids of the entries.
func (s *Products) lockByExternalID(ctx context.Context, tx *sql.Tx, user int64, entries []catalog.Entry) (map[string]int64, error) {
	args, marks := []any{user}, []string(nil)
	for _, e := range entries {
		if e.ExternalID != "" {
			args = append(args, e.ExternalID)
			marks = append(marks, fmt.Sprintf("$%d", len(args)))
		}
	}
	there := make(map[string]int64)
	if len(marks) == 0 {
		return there, nil
	}
	_, err := sqldb.Collect(ctx, tx, func(row sqldb.Row, _ *struct{}) error {
		var id int64
		var external string
		err := row.Scan(&id, &external)
		there[external] = id
		return err
	}, s.db.SQL(`SELECT id, external_id FROM products WHERE user_id = $1 AND external_id IN (`+strings.Join(marks, ", ")+`) ORDER BY id{for update}`), args...)
	return there, err
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

func (s *Products) reviseOne(ctx context.Context, tx *sql.Tx, id int64, e catalog.Entry) (catalog.Written, error) {
	w := catalog.Written{Outcome: catalog.Unchanged, ProductID: id}
	var broken error
	revise := func(old catalog.Product) (r catalog.Revision, err error) {
		w.Changed = old.Edited()
		if r, err = e.Revise(old); err != nil {
			broken = err
			return r, err
		}
		if !r.ChangesNothing() {
			w.Outcome, w.Images = catalog.Updated, r.Fetched()
		}
		return r, nil
	}
	var p catalog.Product
	bad, err := withUploads(ctx, tx, e.Images, func() (err error) {
		p, err = s.reviseLocked(ctx, tx, id, revise)
		return err
	})
	if bad != nil {
		return catalog.Written{Outcome: catalog.Rejected, Err: bad}, err
	}
	if broken != nil {
		return refused(broken)
	}
	if w.Outcome == catalog.Updated {
		w.Changed = p.Edited()
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
