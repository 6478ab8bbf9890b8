package chaos_test

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"vitrine.dev/internal/systemtest"
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
	const begun = `SELECT id, number, format('attempt %s of image %s was begun while it was not out, or worked on', number, id)
		FROM chaos_audit WHERE what = 'begun'`
	const lost = `SELECT id, number, format('the job of image %s was lost', id) FROM chaos_audit WHERE what = 'lost'`
	const skipped = `SELECT id, number, format('event %s was committed when a reader had come to %s', id, number) FROM chaos_audit WHERE what = 'skipped'`
	always := func(int64, int64) bool { return true }
	o.audit(sys, checkPublished, twice, always)
	o.audit(sys, checkBegun, begun, always)
	o.audit(sys, checkTogether, apart, always)
	o.audit(sys, checkSkipped, skipped, always)
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

// stallPause is between two stalled writers, stall how long each stalls: longer
// than a reader takes to keep its position.
const (
	stallPause = time.Second
	stall      = 1500 * time.Millisecond
)

// stallWriters has writers stall between their event and their commit, as a
// process does that is frozen there, until ctx is done, and returns how many have
// committed: faults hit them, too. The events are of no product.
func stallWriters(ctx context.Context, sys *system) (committed int) {
	for ctx.Err() == nil {
		pause(ctx, stallPause)
		if stallWriter(ctx, sys) == nil {
			committed++
		}
	}
	return committed
}

func stallWriter(ctx context.Context, sys *system) error {
	whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*stall)
	defer cancel()
	db, err := pgx.Connect(whole, sys.servers.ByPart[systemtest.Database].URL())
	if err != nil {
		return err
	}
	defer db.Close(whole)
	tx, err := db.Begin(whole)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(whole) }()
	// A writer has written the product's row, and so has a transaction id, before it draws the event's.
	if _, err := tx.Exec(whole, `SELECT pg_current_xact_id()`); err != nil {
		return err
	}
	_, err = tx.Exec(whole, `INSERT INTO events (occurred_at, type, product_id, image_id, user_id, revision, version, data)
		VALUES ((extract(epoch FROM clock_timestamp()) * 1000)::BIGINT, 'product.updated', 0, 0, 0, 1, 1, '{}')`)
	if err != nil {
		return err
	}
	pause(ctx, stall)
	return tx.Commit(whole)
}
