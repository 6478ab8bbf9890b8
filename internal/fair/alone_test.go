package fair_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"vitrine.dev/internal/systemtest"
)

const turns = 5

// alone compares an import that no one else disturbs with what it takes where the
// decision is first come, first served: by turns, on the same servers.
func alone(t *testing.T, s shape) {
	t.Helper()
	images := number(t, "FAIR_ALONE")
	w := newWorld(t, s, 1)
	variants := []systemtest.Variant{systemtest.Program, systemtest.Defective(systemtest.FirstCome)}
	var speed, cost [2][]float64 // images a second, transactions for each
	for turn := range turns {
		for i, v := range variants {
			w.Start(v)
			w.importAll(fmt.Sprintf("warm-%d-%d", turn, i), perProduct)
			before, began := w.transactions(), time.Now()
			w.importAll(fmt.Sprintf("turn-%d-%d", turn, i), images)
			speed[i] = append(speed[i], float64(images)/time.Since(began).Seconds())
			w.Stop() // which writes what the server has counted
			cost[i] = append(cost[i], float64(w.transactions()-before)/float64(images))
		}
	}
	t.Logf("images a second: fair %.1f, first come %.1f", speed[0], speed[1])
	ratio := median(speed[0]) / median(speed[1])
	t.Logf("%s/alone: %.3f of the throughput (at least 0.95)", s.name, ratio)
	if ratio < 0.95 {
		t.Error("fairness costs a lone import too much")
	}
	if w.Servers == nil {
		return
	}
	t.Logf("transactions for each image: fair %.2f, first come %.2f", cost[0], cost[1])
	ratio = median(cost[0]) / median(cost[1])
	t.Logf("%s/alone: %.3f of the transactions (at most 1.2)", s.name, ratio)
	if ratio > 1.2 {
		t.Error("fairness costs a lone import too many transactions")
	}
}

// importAll posts the images of one host, and returns when all have ended.
func (w *world) importAll(name string, images int) {
	w.t.Helper()
	served := w.served.Load()
	group, ctx := errgroup.WithContext(w.t.Context())
	group.SetLimit(4)
	ids := make([]atomic.Int64, (images+perProduct-1)/perProduct)
	for p := range ids {
		urls := make([]string, min(perProduct, images-p*perProduct))
		for i := range urls {
			urls[i] = w.url(photoHosts, 0, fmt.Sprintf("%s-%d", name, p*perProduct+i))
		}
		group.Go(func() error {
			id, err := w.Create(ctx, w.users[0], urls)
			ids[p].Store(id)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		w.t.Fatal(err)
	}
	// Reads that wait would count as well, so they begin near the end.
	systemtest.Within(w.t, systemtest.Patience+time.Duration(images)*100*time.Millisecond, "all images to be downloaded",
		func() bool { return w.served.Load()-served >= int64(images) })
	for p := range ids {
		list, err := w.Await(w.t.Context(), ids[p].Load(), systemtest.Patience, ended)
		if err != nil || !ended(list) || slices.ContainsFunc(list, failed) {
			w.t.Fatalf("an import that is alone: %v, %+v", err, list)
		}
	}
}

// transactions is how many the database has seen.
func (w *world) transactions() (n int64) {
	w.t.Helper()
	if w.Servers == nil {
		return 0
	}
	w.Servers.Query(w.t, func(ctx context.Context, db *pgx.Conn) error {
		return db.QueryRow(ctx, `SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()`).Scan(&n)
	})
	return n
}

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}
