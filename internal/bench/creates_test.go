package bench_test

import (
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"vitrine.dev/internal/bench/limit"
	"vitrine.dev/internal/bench/report"
	"vitrine.dev/internal/systemtest"
)

// few and manyClients are how many create at once.
const few = 16

// create is a whole request for a product with two images. Their host refuses connections: what is done with
// images is not a part of this, and what fails waits.
func (a *api) create(connection, n int) []byte {
	body := fmt.Sprintf(`{"user_id":1,"product_name":"Smartphone %d, dual SIM, 128 GB, no. %d","product_price":999.99,`+
		`"product_description":"Latest model with advanced features",`+
		`"product_images":["https://example.com/image1.jpg","https://example.com/image2.jpg"]}`, connection, n)
	return fmt.Appendf(nil, "POST /products HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nUser-Agent: bench/1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		a.addr, a.key, len(body), body)
}

// createOne creates the product whose rows the limit inserts.
func (a *api) createOne(t *testing.T) {
	t.Helper()
	c := systemtest.Client{T: t, URL: "http://" + a.addr}
	reply, body := c.Do(http.MethodPost, "/products", map[string]string{"Authorization": "Bearer " + a.key, "Content-Type": "application/json"},
		`{"user_id":1,"product_name":"Smartphone","product_price":999.99,"product_description":"Latest model with advanced features",`+
			`"product_images":["https://example.com/image1.jpg","https://example.com/image2.jpg"]}`)
	if reply.StatusCode != http.StatusCreated {
		t.Fatalf("create answered %d %s", reply.StatusCode, body)
	}
}

// TestCreates: creates by the API with PostgreSQL beside pgbench, which inserts the same rows by one prepared statement.
// CPU is that of PostgreSQL, which has its core to itself in both, as whoever asks it has the other; for the rate, the API is on the core of
// PostgreSQL. What is dispatched goes nowhere: there is no worker and no broker.
func TestCreates(t *testing.T) {
	r := begin(t)
	ours, plain := limit.NewPostgres(t), limit.NewPostgres(t)
	pin(t, ours.PID, coreOfServer)
	pin(t, plain.PID, coreOfServer)
	servers := systemtest.SharedServers(t)
	maps.Copy(servers, ours.Env)
	a := start(t, "api", servers)
	a.createOne(t)
	script := ours.PlainInsert(t)
	plain.PlainTables(t)
	for _, clients := range []int{few, manyClients} {
		t.Run(strconv.Itoa(clients), func(t *testing.T) {
			to := target{
				cpu: func() time.Duration { return ours.CPU(t) }, addr: a.addr, connections: clients,
				status: http.StatusCreated, request: a.create,
			}
			by := func(coreOfAPI int) pair {
				pin(t, a.pid, coreOfAPI)
				return r.byTurns(
					func() sample { return to.measure(t, r.turn) },
					func() sample {
						before := plain.CPU(t)
						n := plain.Pgbench(t, script, clients, r.turn).Times
						return sample{CPU: float64((plain.CPU(t) - before).Microseconds()) / float64(n), Throughput: float64(n) / limit.Seconds(r.turn)}
					})
			}
			name := strconv.Itoa(clients)
			cpu := by(coreOfLoad).cpu(report.Figure{
				Name: "create-cpu-" + name, What: "create with two images, " + name + " clients: CPU", Goal: 2.1, AtMost: true,
				Limit: "pgbench, the same columns and keys in one prepared statement; CPU of PostgreSQL, alone on a core",
			})
			cpu.Also = nil
			r.took(t, cpu)
			r.took(t, by(coreOfServer).rate(report.Figure{
				Name: "create-rate-" + name, What: "create with two images, " + name + " clients: rate", Goal: 0.30,
				Limit: "the same, PostgreSQL alone on the core that it shares with the API here",
			}))
			a.profile(t, to, r.turn, "create-"+name)
		})
	}
}

// TestCreatesEmbedded: creates by the embedded program beside the same rows through the driver alone, one
// transaction for each.
func TestCreatesEmbedded(t *testing.T) {
	r := begin(t)
	folder := t.TempDir()
	a := start(t, "api", map[string]string{"DATA_DIR": folder}) // without a worker: what is done with images is not a part of this
	to := target{
		cpu: func() time.Duration { return systemtest.CPU(t, a.pid) }, addr: a.addr, connections: few,
		status: http.StatusCreated, request: a.create,
	}
	a.createOne(t)
	plain := limit.NewSQLite(t, filepath.Join(folder, "vitrine.db"))
	both := r.byTurns(
		func() sample { return to.measure(t, r.turn) },
		func() (s sample) {
			before, began, n := systemtest.OwnCPU(t), time.Now(), 0
			for ; time.Since(began) < r.turn; n++ {
				plain.Create(t)
			}
			return sample{
				CPU:        float64((systemtest.OwnCPU(t) - before).Microseconds()) / float64(n),
				Throughput: float64(n) / time.Since(began).Seconds(),
			}
		})
	cpu := both.cpu(report.Figure{})
	f := both.rate(report.Figure{
		Name: "create-embedded", What: "create with two images, embedded, synced: rate", Goal: 0.7,
		Limit: "the same rows through the driver of SQLite alone, one synced transaction for each, one after the other",
	})
	f.Also = []report.Also{{Name: "CPU", Ours: cpu.Ours, Beside: cpu.Beside}}
	r.took(t, f)
	a.profile(t, to, r.turn, f.Name)
}
