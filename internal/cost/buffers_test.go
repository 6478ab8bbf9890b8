package cost_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/dispatch"
)

// blocks are the buffers that everyone has touched in the database so far.
func (p *postgres) blocks(t *testing.T) int64 {
	t.Helper()
	return p.number(t, `SELECT blks_hit + blks_read FROM pg_stat_database WHERE datname = current_database()`)
}

// touched returns the buffers that do touches. A session sends its statistics after
// ten seconds without work at the latest.
func (p *postgres) touched(t *testing.T, do func()) int64 {
	t.Helper()
	counted := func() int64 {
		last := p.blocks(t)
		for since := time.Now(); time.Since(since) < 11*time.Second; p.exec(t, `SELECT pg_sleep(0.2)`) {
			if now := p.blocks(t); now-last > 50 { // more than the question itself
				since = time.Now()
				last = now
			}
		}
		return p.blocks(t)
	}
	before := counted()
	do()
	return counted() - before
}

// TestBuffers: what a create and a dispatched image touch is the same with few and
// with many images in line, within a factor of two. A step dispatches 16.
func TestBuffers(t *testing.T) {
	turn(t)
	p := newPostgres(t, "autovacuum=off")
	store := p.store(t, 2)
	const creates, steps, perStep = 256, 8, 16
	create := func(n int) {
		for range n {
			if _, err := store.CreateProduct(t.Context(), phone()); err != nil {
				t.Fatal(err)
			}
		}
	}
	step := func(room int) dispatch.Step {
		request, plan := dispatch.Single(time.Hour, room, 1<<20)
		done, err := store.DispatchStep(t.Context(), request, plan)
		if err != nil || len(done.Jobs) != room {
			t.Fatalf("a step for %d dispatched %d, %v", room, len(done.Jobs), err)
		}
		return done
	}
	var created, dispatched []float64
	waiting := 0
	for _, wanted := range []int{1_000, 100_000, 2_000_000} {
		p.wait(t, wanted-waiting)
		waiting = wanted
		create(16) // plans and catalogs
		created = append(created, float64(p.touched(t, func() { create(creates) }))/creates)
		for more := true; more; { // what was created comes in line
			more = step(0).More
		}
		step(perStep)
		each := float64(p.touched(t, func() {
			for range steps {
				step(perStep)
			}
		})) / (steps * perStep)
		dispatched = append(dispatched, each)
		t.Logf("%d in line: %.1f buffers for each create, %.1f for each dispatched image", wanted, created[len(created)-1], each)
		p.exec(t, `UPDATE images SET stage = 2, dispatched_until = 0 WHERE stage = 3`)
	}
	limit(t, slices.Max(created)/slices.Min(created), 2, "buffers for each create, the most as a multiple of the least")
	limit(t, slices.Max(dispatched)/slices.Min(dispatched), 2, "buffers for each dispatched image, the most as a multiple of the least")
}

// wait adds images in line, of 1,000 users, as copies of one that was created.
func (p *postgres) wait(t *testing.T, n int) {
	t.Helper()
	if p.number(t, `SELECT count(*) FROM users`) < 1000 {
		p.exec(t, `INSERT INTO users (name, created_at) SELECT 'User ' || n, 0 FROM generate_series(2, 1000) AS n`)
	}
	if p.number(t, `SELECT count(*) FROM images`) == 0 {
		if _, err := p.store(t, 2).CreateProduct(t.Context(), phone()); err != nil {
			t.Fatal(err)
		}
	}
	image := p.newest(t, "images", 1)[0]
	product := p.newest(t, "products", 1)[0]
	product["user_id"] = "1 + n % 1000"
	image["product_id"] = "first + n / 10"
	image["position"] = "n % 10"
	image["user_id"] = "1 + (n / 10) % 1000"
	image["stage"], image["class"], image["rank"] = "2", "1", "first + n"
	first := p.number(t, `SELECT coalesce(max(id), 0) + 1 FROM products`)
	p.exec(t, `INSERT INTO products (`+join(columns(product))+`) SELECT `+values(product)+` FROM generate_series(0, $1::BIGINT) AS n`, n/10)
	p.exec(t, `INSERT INTO images (`+join(columns(image))+`) SELECT `+values(image)+` FROM generate_series(0, $1::BIGINT) AS n, (SELECT $2::BIGINT AS first) f`, n-1, first)
	p.exec(t, `VACUUM ANALYZE`)
}

func join(names []string) string { return strings.Join(names, ", ") }

func values(row map[string]string) string {
	list := columns(row)
	for i, name := range list {
		list[i] = row[name]
	}
	return join(list)
}
