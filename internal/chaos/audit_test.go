package chaos_test

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// once looks for products that were made twice, and for those of which no
// client knows whether they were made: they may exist, whole, or not.
func (o *outcome) once(sys *system, know *model) {
	sys.query(func(ctx context.Context, db *pgx.Conn) error {
		rows, err := db.Query(ctx, //nolint:rowserrcheck // ForEachRow does
			`SELECT name, count(*), count(DISTINCT id) FROM products GROUP BY name HAVING count(*) > 1`)
		if err != nil {
			return err
		}
		var name string
		var n, ids int
		_, err = pgx.ForEachRow(rows, []any{&name, &n, &ids}, func() error {
			o.wrong(checkOnce, "%q exists %d times", name, n)
			return nil
		})
		if err != nil {
			return err
		}
		for name, sent := range know.lost {
			var images int
			var description string
			err := db.QueryRow(ctx, `SELECT description, (SELECT count(*) FROM images WHERE product_id = p.id)
				FROM products p WHERE name = $1`, name).Scan(&description, &images)
			if errors.Is(err, pgx.ErrNoRows) {
				continue
			}
			if err != nil {
				return err
			}
			if description != sent.Description || images != len(sent.Images) {
				o.wrong(checkExists, "%q was made in part: %d of %d images", name, images, len(sent.Images))
			}
		}
		return nil
	})
}

// audited reads what the database noted.
func (o *outcome) audited(sys *system, in *injector) {
	const twice = `SELECT id, min(number), format('image %s (generation %s) was published %s times with %s results',
			id, number, count(*), count(DISTINCT rendition_key))
		FROM chaos_audit WHERE what = 'published' GROUP BY id, number HAVING count(*) > 1`
	const apart = `SELECT id, number, format('revision %s of product %s was committed without its event', number, id) FROM chaos_audit b
		WHERE what = 'change' AND NOT EXISTS (SELECT 1 FROM chaos_audit e
			WHERE e.what = 'event' AND e.id = b.id AND e.transaction = b.transaction AND e.number = b.number)`
	const lost = `SELECT id, number, format('the job of image %s was lost', id) FROM chaos_audit WHERE what = 'lost'`
	always := func(int64, int64) bool { return true }
	o.audit(sys, checkPublished, twice, always)
	o.audit(sys, checkTogether, apart, always)
	o.audit(sys, checkLost, lost, func(image, dispatched int64) bool {
		o.lost++
		return !in.wiped[image] && !in.hitAt(time.UnixMilli(dispatched))
	})
}

// audit notes each row that the query finds and that is wrong.
func (o *outcome) audit(sys *system, check, query string, wrong func(id, number int64) bool) {
	sys.query(func(ctx context.Context, db *pgx.Conn) error {
		rows, err := db.Query(ctx, query) //nolint:rowserrcheck // ForEachRow does
		if err != nil {
			return err
		}
		var id, number int64
		var what string
		_, err = pgx.ForEachRow(rows, []any{&id, &number, &what}, func() error {
			if wrong(id, number) {
				o.wrong(check, "%s", what)
			}
			return nil
		})
		return err
	})
}
