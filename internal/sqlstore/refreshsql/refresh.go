package refreshsql

import (
	"context"
	"database/sql"
	"strconv"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/filtered"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/refresh"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/imagesql"
	"vitrine.dev/internal/sqlstore/jobsql"
)

// mostProducts is how many products one step looks at: a filter that few images match goes
// through the others in short transactions.
const mostProducts = 200

// Refreshes implements refresh.Store.
type Refreshes struct{ db *sqldb.DB }

// New returns the refreshes of the database.
func New(db *sqldb.DB) *Refreshes { return &Refreshes{db} }

// CountReady implements refresh.Store.
func (s *Refreshes) CountReady(ctx context.Context, f refresh.Filter) (n int64, asOf time.Time, err error) {
	var now int64
	err = s.db.Along(ctx, "count ready images", func(ctx context.Context, from sqldb.Querier) error {
		if now, err = sqldb.Number(ctx, from, s.db.SQL(`SELECT {now}`)); err != nil {
			return err
		}
		statement, args := countReady(f, now)
		n, err = sqldb.Number(ctx, from, statement, args...)
		return err
	})
	return n, sqldb.Time(now), err
}

// countReady counts along the index of ready images, which has all that is asked for, or along that
// of the products or of the hosts, where the filter has some (TestPlans).
func countReady(f refresh.Filter, asOf int64) (statement string, args []any) {
	var where sqldb.Where
	if len(f.ProductIDs) == 0 && f.Host == "" {
		where.Add(imagesql.AllIdle)
	} else {
		where.Add(imagesql.Idle)
	}
	addImages(&where, f, asOf)
	switch {
	case len(f.ProductIDs) > 0:
		where.Add("product_id IN (" + where.In(f.ProductIDs) + ")")
		if f.UserID != 0 {
			where.Add("user_id + 0 = ?", f.UserID) // no index has fewer than that of the products
		}
	case f.UserID != 0:
		where.Add("user_id = ?", f.UserID)
	case f.Host != "":
		where.Add("product_id > 0") // as its index says
	}
	return `SELECT count(*) FROM images` + where.String(), where.Args
}

// productsOf selects the products that the filter may find images of. Its arguments go to args.
func productsOf(f refresh.Filter, args *sqldb.Where) *sqldb.Where {
	where := &sqldb.Where{Args: args.Args}
	if f.UserID != 0 {
		where.Add("user_id = ?", f.UserID)
	}
	where.Add("images_ready > 0")
	if len(f.ProductIDs) > 0 {
		where.Add("id IN (" + where.In(f.ProductIDs) + ")")
	}
	args.Args = where.Args
	return where
}

// addImages adds what the filter asks of an image that is ready and not worked on. What was accepted since the job was made
// is new, or fetched again already.
func addImages(where *sqldb.Where, f refresh.Filter, asOf int64) {
	where.Add("accepted_at <= ?", asOf)
	if f.Host != "" {
		where.Add("source_host = ?", f.Host)
	}
	if !f.UpdatedBefore.IsZero() {
		where.Add("updated_at < ?", f.UpdatedBefore.Add(time.Millisecond-time.Nanosecond).UnixMilli())
	}
}

// position is an image that a job has come to, in the order of products and then of images.
type position struct{ product, image int64 }

// AdvanceRefresh implements refresh.Store. A job goes along the products, as their indexes
// are in that order for every user, and looks at the images of a few at a time.
func (s *Refreshes) AdvanceRefresh(ctx context.Context, b job.Batch) (j job.Job, err error) {
	err = s.db.InTxNotify(ctx, "advance refresh", func(ctx context.Context, tx *sql.Tx) error {
		var past position
		var pastImage string
		if j, past.product, pastImage, err = jobsql.Lock(ctx, s.db, tx, b); err != nil {
			return err
		}
		past.image, _ = strconv.ParseInt(pastImage, 10, 64)
		order, err := filtered.Read[refresh.Filter](j)
		if err != nil {
			return err
		}
		products, err := s.nextProducts(ctx, tx, order.Filter, past)
		if err != nil {
			return err
		}
		if len(products) == 0 {
			j, err = jobsql.Finish(ctx, s.db, tx, b.JobID)
			return err
		}
		next, err := nextImages(ctx, tx, order, products, past, b.Limit)
		if err != nil {
			return err
		}
		done, err := s.refresh(ctx, tx, next, j.RequestID)
		if err != nil {
			return err
		}
		last := position{products[len(products)-1], catalog.MaxID}
		if len(next) == b.Limit {
			last = next[len(next)-1]
		}
		j, err = jobsql.Advance(ctx, s.db, tx, b, int64(done), last.product, strconv.FormatInt(last.image, 10))
		return err
	})
	return j, err
}

func (s *Refreshes) nextProducts(ctx context.Context, tx *sql.Tx, f refresh.Filter, past position) ([]int64, error) {
	id := "id"
	if f.UserID != 0 && !s.db.OneWriter {
		id = "id + 0" // which is in the index by user: see the migration
	}
	where := productsOf(f, &sqldb.Where{})
	if past.image == catalog.MaxID {
		past.product++
	}
	where.Add(id+" >= ?", past.product)
	return sqldb.IDs(ctx, tx, `SELECT id FROM products`+where.String()+` ORDER BY `+id+` LIMIT `+where.Arg(mostProducts), where.Args...)
}

func nextImages(ctx context.Context, tx *sql.Tx, j refresh.Job, products []int64, past position, limit int) ([]position, error) {
	var where sqldb.Where
	where.Add("product_id IN (" + where.In(products) + ")")
	where.Add("(product_id > ? OR id > ?)", past.product, past.image)
	where.Add(imagesql.Idle)
	addImages(&where, j.Filter, j.AsOf.UnixMilli())
	return sqldb.Collect(ctx, tx, func(row sqldb.Row, p *position) error { return row.Scan(&p.product, &p.image) },
		`SELECT product_id, id FROM images`+where.String()+` ORDER BY product_id, id LIMIT `+where.Arg(limit), where.Args...)
}

func (s *Refreshes) refresh(ctx context.Context, tx *sql.Tx, next []position, requestID string) (done int, err error) {
	if len(next) == 0 {
		return 0, nil
	}
	images := make([]int64, len(next))
	for i, p := range next {
		images[i] = p.image
	}
	refreshed, err := imagesql.Refresh(ctx, s.db, tx, images, requestID)
	return len(refreshed), err
}
