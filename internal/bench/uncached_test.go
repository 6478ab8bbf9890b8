package bench_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/bench/limit"
	"vitrine.dev/internal/bench/report"
	"vitrine.dev/internal/systemtest"
)

// manyProducts are so many that hardly one is read twice within the second for which the cache keeps it.
const manyProducts = 200_000

// TestUncached: reads of products that are in no cache, by the API with PostgreSQL, beside pgbench, which runs the
// same queries. The CPU is that of PostgreSQL and of whoever asks it.
func TestUncached(t *testing.T) {
	r := begin(t)
	db := limit.NewPostgres(t, limit.LogsStatements()...)
	servers := systemtest.SharedServers(t)
	maps.Copy(servers, db.Env)
	servers["CACHE_LEASE"] = "1s"
	maps.DeleteFunc(servers, func(name, _ string) bool { return strings.HasPrefix(name, "REDIS_") })
	a := start(t, "api", servers)
	pin(t, db.PID, coreOfServer)
	a.createOne(t)
	db.Exec(t, `DELETE FROM images`)
	product := db.Newest(t, "products", 1)[0]
	maps.Copy(product, limit.Row{"name": "'Smartphone ' || n", "name_folded": "'smartphone ' || n", "price": "100 + n * 7919 % 100000", "images_pending": "0", "updated_at": "n", "created_at": "n"})
	db.Exec(t, fmt.Sprintf(`INSERT INTO products (%s) SELECT %s FROM generate_series(1, %d) AS n`, product.Columns(), product.Values(), manyProducts))
	db.Exec(t, `VACUUM ANALYZE`)

	list := func(low, high int) string {
		return fmt.Sprintf("/products?user_id=1&price_min=%d.%02d&price_max=%d.%02d&product_name=phone&limit=20", low/100, low%100, high/100, high%100)
	}
	for _, line := range []struct {
		name, what, example string
		request             func(c, n int) []byte
		set                 string
		values              map[int]string // of the statement's parameters, by their numbers
	}{
		{
			"read-uncached", "read of one product, not cached", "/products/17",
			func(_, _ int) []byte { return a.get(fmt.Sprintf("/products/%d", 1+rand.IntN(manyProducts))) },
			fmt.Sprintf(`\set id random(1, %d)`, manyProducts),
			map[int]string{1: ":id"},
		}, {
			"list-uncached", "list of 20 by price and name, not cached", list(1000, 90000),
			func(_, _ int) []byte { return a.get(list(100+rand.IntN(5000), 50_000+rand.IntN(50_000))) },
			"\\set low random(100, 5099)\n\\set high random(50000, 99999)",
			map[int]string{3: ":low", 4: ":high"},
		},
	} {
		t.Run(line.name, func(t *testing.T) {
			script := queryOf(t, db, func() { a.answer(t, line.example) }).Script(t, line.set, line.values)
			to := target{
				cpu:  func() time.Duration { return db.CPU(t) + systemtest.CPU(t, a.pid) },
				addr: a.addr, connections: few, status: http.StatusOK, request: line.request,
			}
			both := r.byTurns(
				func() sample { return to.measure(t, r.turn) },
				func() sample {
					before := db.CPU(t)
					ran := db.Pgbench(t, script, few, r.turn)
					cpu := db.CPU(t) - before + ran.CPU
					return sample{CPU: float64(cpu.Microseconds()) / float64(ran.Times), Throughput: float64(ran.Times) / limit.Seconds(r.turn)}
				})
			r.took(t, both.cpu(report.Figure{
				Name: line.name, What: line.what, Goal: 0.6,
				Limit: "pgbench with the same query; CPU of PostgreSQL and of whoever asks it",
			}))
		})
	}
}

// queryOf is the one that reads products.
func queryOf(t *testing.T, db *limit.Postgres, ask func()) limit.Statement {
	t.Helper()
	for _, s := range db.Statements(t, ask) {
		if strings.Contains(s.Text, "p.description") {
			return s
		}
	}
	t.Fatal("no query for products was logged")
	return limit.Statement{}
}
