package cost_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"vitrine.dev/internal/bench/limit"
	"vitrine.dev/internal/dispatch"
)

// TestBuffers: what a create and a dispatched image touch is the same with few and
// with many images that wait, within a factor of two, where 95 % of these cannot run: they
// are parked at 1,000 hosts whose breakers are open and at ten that are full. One user owns
// 90 %. A step dispatches 16, and every fourth walks the hosts that have parked images.
func TestBuffers(t *testing.T) {
	turn(t)
	p := newCounted(t, "synchronous_commit=off", "autovacuum=off")
	store := p.Store(t, 2, quiet())
	const creates, steps, perStep, full, perHost = 256, 16, 16, 10, 4
	create := func(n int) {
		for range n {
			if _, err := store.CreateProduct(t.Context(), phone()); err != nil {
				t.Fatal(err)
			}
		}
	}
	create(1)
	p.Exec(t, `INSERT INTO hosts (host, answered_at, recent_ms, failures, failing_at, failed_at, open_until)
		SELECT 'host' || n || '.example.com', now, 500, 0, 0, 0, 0 FROM generate_series(0, 99) AS n, (SELECT (extract(epoch FROM now()) * 1000)::BIGINT AS now) AS clock
		UNION ALL SELECT 'full' || n || '.example.com', now, 500, 0, 0, 0, 0 FROM generate_series(0, 9) AS n, (SELECT (extract(epoch FROM now()) * 1000)::BIGINT AS now) AS clock
		UNION ALL SELECT 'open' || n || '.example.com', 0, 500, 10, now, now, now + 86400000 FROM generate_series(0, 999) AS n, (SELECT (extract(epoch FROM now()) * 1000)::BIGINT AS now) AS clock`)
	later := "(extract(epoch FROM now()) * 1000)::BIGINT + 3600000"
	p.wait(t, full*perHost, map[string]string{
		"user_id": "500 + n % 10", "stage": "3", "class": "0", "rank": "1", "dispatched_until": later, "lease_until": later,
		"source_host": "'full' || n % 10 || '.example.com'",
	})
	limits := dispatch.DefaultConfig().Limits
	limits.Slots, limits.Life = full*perHost+4*perStep, time.Hour
	dispatcher := &dispatch.Steps{Limits: limits}
	step := func(room int, walks bool) dispatch.Step {
		request, plan := dispatcher.Next(room, walks)
		done, err := store.DispatchStep(t.Context(), request, plan)
		if err != nil || len(done.Jobs) != room {
			t.Fatalf("a step for %d dispatched %d, %v", room, len(done.Jobs), err)
		}
		return done
	}
	// again has what was dispatched wait at the end of the line, and a full host free a slot.
	again := func() {
		p.Exec(t, `UPDATE images SET stage = 2, rank = rank + 100000000, dispatched_until = 0 WHERE stage = 3 AND lease_until = 0`)
		p.Exec(t, `UPDATE images SET status = 'ready', stage = NULL, rank = NULL, dispatched_until = 0, lease_until = 0
			WHERE id IN (SELECT min(id) FROM images WHERE stage = 3)`)
	}
	var created, dispatched []float64
	var look limit.Calls
	waiting := 0
	for _, wanted := range []int{1_000, 100_000, 2_000_000} {
		p.wait(t, wanted-waiting, map[string]string{
			"user_id":     "CASE WHEN n / 10 % 10 < 9 THEN 1 ELSE 1 + n / 10 % 1000 END",
			"stage":       "CASE n % 20 WHEN 0 THEN 2 ELSE 1 END",
			"rank":        "CASE n % 20 WHEN 0 THEN first * 10 + n END",
			"class":       "0",
			"source_host": "CASE n % 20 WHEN 0 THEN 'host' || n / 20 % 100 WHEN 1 THEN 'full' || n / 20 % 10 ELSE 'open' || (n + n / 20) % 1000 END || '.example.com'",
		})
		waiting = wanted
		create(16) // plans and catalogs
		p.ResetCounts(t)
		create(creates)
		inserts := p.Counts(t, "WITH product AS")
		wantCalls(t, "create", inserts)
		created = append(created, float64(inserts.Blocks)/creates)
		for more := true; more; { // what was created is parked, or comes in line
			more = step(0, false).More
		}
		for range 4 {
			step(perStep, true)
			again()
		}
		p.ResetCounts(t)
		for n := range steps {
			step(perStep, n%4 == 0)
			again()
		}
		var all int64
		parts := p.steps(t)
		for _, part := range stepParts {
			s := parts[part.name]
			if part.always {
				wantCalls(t, part.name, s)
			}
			if s.Calls > 0 {
				t.Logf("%d waiting: %s: %.1f buffers, %d of %d steps", wanted, part.name, s.Each(), s.Calls, steps)
				all += s.Blocks
			}
		}
		dispatched = append(dispatched, float64(all)/(steps*perStep))
		looks := p.Counts(t, "min(due_at)")
		for end := time.Now().Add(time.Minute); looks.Calls == 0 && time.Now().Before(end); looks = p.Counts(t, "min(due_at)") {
			step(perStep, false) // there is one every 250 ms, and a fast machine may have taken the steps in less
			again()
		}
		look.Calls += looks.Calls
		t.Logf("%d waiting: %.1f buffers for each create, %.1f for each dispatched image; a look for what is below the bounds: %.0f",
			wanted, created[len(created)-1], dispatched[len(dispatched)-1], looks.Each())
	}
	wantCalls(t, "the looks for what is below the bounds", look)
	atMost(t, slices.Max(created)/slices.Min(created), 2, "buffers for each create, the most as a multiple of the least")
	atMost(t, slices.Max(dispatched)/slices.Min(dispatched), 2, "buffers for each dispatched image, the most as a multiple of the least")
}

// wait adds images that wait, as copies of one that was created, with what is said of them
// by n (from 0) and the first product's id.
func (p *postgres) wait(t *testing.T, n int, of map[string]string) {
	t.Helper()
	if p.Number(t, `SELECT count(*) FROM users`) < 1000 {
		p.Exec(t, `INSERT INTO users (name, created_at) SELECT 'User ' || n, 0 FROM generate_series(2, 1000) AS n`)
	}
	if p.Number(t, `SELECT count(*) FROM images`) == 0 {
		if _, err := p.Store(t, 2, quiet()).CreateProduct(t.Context(), phone()); err != nil {
			t.Fatal(err)
		}
	}
	image := p.Newest(t, "images", 1)[0]
	product := p.Newest(t, "products", 1)[0]
	product["user_id"] = "1 + n % 1000"
	image["product_id"] = "first + n / 10"
	image["position"] = "n % 10"
	image["user_id"] = "1 + (n / 10) % 1000"
	image["stage"], image["class"], image["rank"] = "2", "1", "first + n"
	image["dispatched_until"], image["lease_until"] = "0", "0"
	maps.Copy(image, of)
	first := p.Number(t, `SELECT coalesce(max(id), 0) + 1 FROM products`)
	p.Exec(t, `INSERT INTO products (`+product.Columns()+`) SELECT `+product.Values()+` FROM generate_series(0, $1::BIGINT) AS n`, n/10)
	p.Exec(t, `INSERT INTO images (`+image.Columns()+`) SELECT `+image.Values()+` FROM generate_series(0, $1::BIGINT) AS n, (SELECT $2::BIGINT AS first) f`, n-1, first)
	p.Exec(t, `VACUUM ANALYZE`)
}
