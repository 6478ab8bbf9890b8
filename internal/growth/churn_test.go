package growth_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"vitrine.dev/internal/catalog/find"
)

const (
	churned    = 100_000 // products, all the time
	churnRate  = 50      // creates, and as many deletes, a second
	churnParts = 6       // of the time, after each of which all is measured
)

// TestChurn: what operations cost while products are created and deleted for GROWTH_CHURN, an hour, at a rate that leaves the
// machine idle most of the time, with autovacuum, which looks every ten seconds, and how large the database is. Both databases at
// the same time.
func TestChurn(t *testing.T) {
	wanted(t)
	lasts := time.Hour
	if text := os.Getenv("GROWTH_CHURN"); text != "" {
		var err error
		if lasts, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	b := table{head: []string{
		"database", "minutes", "created and deleted", "create, CPU", "delete, CPU", "get, CPU", "first page of a list, CPU",
		"products and images with their indexes", "rows that are dead",
	}}
	kinds := []func(*testing.T) *catalogue{onPostgres, onSQLite}
	rows := make([][][]string, len(kinds))
	t.Run("both", func(t *testing.T) {
		for i, open := range kinds {
			t.Run(strconv.Itoa(i), func(t *testing.T) {
				t.Parallel()
				rows[i] = churn(t, open(t), lasts)
			})
		}
	})
	for _, list := range rows {
		b.rows = append(b.rows, list...)
	}
	b.write(t, "churn", len(kinds)*(churnParts+1))
}

// churn returns a row for each part of the time.
func churn(t *testing.T, g *catalogue, lasts time.Duration) (rows [][]string) {
	t.Helper()
	g.fill(t, churned)
	var ids []int64
	for i := range churned {
		ids = append(ids, int64(i+1))
	}
	create := func() int {
		ids = append(ids, g.create(t, 1+rand.Int64N(users), 2).ID)
		return 1
	}
	remove := func() int {
		n := rand.IntN(len(ids))
		if _, err := g.DeleteProduct(t.Context(), ids[n], func(int64, int64) error { return nil }); err != nil {
			t.Fatal(err)
		}
		ids[n] = ids[len(ids)-1]
		ids = ids[:len(ids)-1]
		return 1
	}
	get := func() int {
		if _, err := g.Product(t.Context(), ids[rand.IntN(len(ids))]); err != nil {
			t.Fatal(err)
		}
		return 1
	}
	list := g.lister(t)
	turnedOver := 0
	look := func(minutes float64) {
		row := []string{g.name, figure(minutes, ""), figure(float64(turnedOver), "")}
		for _, do := range []func() int{create, remove, get, func() int { return list(1+rand.Int64N(users), find.Newest, find.Position{}) }} {
			row = append(row, figure(g.measure(creates, do).cpu, "µs"))
		}
		size, dead := g.size()
		row = append(row, figure(float64(size)/1e6, "MB"), dead)
		t.Log(row)
		rows = append(rows, row)
	}
	look(0)
	pace := time.NewTicker(time.Second / churnRate)
	defer pace.Stop()
	for part := range churnParts {
		for end := time.Now().Add(lasts / churnParts); time.Now().Before(end); {
			<-pace.C
			create()
			remove()
			turnedOver++
		}
		look(lasts.Minutes() * float64(part+1) / churnParts)
	}
	return rows
}
