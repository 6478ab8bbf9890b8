package growth_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/bench/report"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/find"
	"vitrine.dev/internal/processes"
)

// What is measured, with how often it is done; the first tenth is not counted.
const (
	reads   = 2000
	creates = 500
	atOnce  = 16 // images of a step of the dispatcher
)

// measured is what an operation takes.
type measured struct {
	cpu    float64 // µs
	blocks float64 // buffers of PostgreSQL
	median float64 // ms
	most   float64 // ms, of 99 in 100
}

// measure does it n times, one after the other, and counts what comes behind the first tenth. Of each time it
// may do several, and returns how many.
func (g *catalogue) measure(n int, do func() int) (m measured) {
	for warm := 0; warm < n/10; {
		warm += do()
	}
	var took []float64
	var blocks int64
	if g.blocks != nil {
		blocks = g.blocks()
	}
	before, done := g.cpu(), 0
	for done < n {
		began := time.Now()
		times := do()
		done += times
		took = append(took, time.Since(began).Seconds()*1000/float64(times))
	}
	m.cpu = float64((g.cpu() - before).Nanoseconds()) / 1000 / float64(done)
	if g.blocks != nil {
		m.blocks = float64(g.blocks()-blocks) / float64(done)
	}
	m.median, m.most = at(0.5, took), at(0.99, took)
	return m
}

// operations are what is measured with each number of products.
func (g *catalogue) operations(t *testing.T) (names []string, do map[string]func() measured) {
	t.Helper()
	list := g.lister(t)
	one := func(n int, do func() int) func() measured { return func() measured { return g.measure(n, do) } }
	names = []string{
		"get", "list of the first page, a user with half of the products", "list of the first page, any other user",
		"list by price from anywhere", "create with two images", "complete an image",
	}
	return names, map[string]func() measured{
		names[0]: one(reads, func() int {
			if _, err := g.Product(t.Context(), 1+rand.Int64N(int64(g.products))); err != nil {
				t.Fatal(err)
			}
			return 1
		}),
		names[1]: one(reads, func() int { return list(1, find.Newest, find.Position{}) }),
		names[2]: one(reads, func() int { return list(2+rand.Int64N(users-1), find.Newest, find.Position{}) }),
		names[3]: one(reads, func() int {
			return list(1, find.Cheapest, find.Position{ID: 1, Number: rand.Int64N(99_000)})
		}),
		names[4]: one(creates, func() int {
			g.create(t, 1+rand.Int64N(users), 2)
			return 1
		}),
		names[5]: func() measured { return g.measure(creates, func() int { return g.complete(t, atOnce) }) },
	}
}

// lister reads a page of 20 products of the user, behind the position.
func (g *catalogue) lister(t *testing.T) func(user int64, sort find.Sort, after find.Position) int {
	t.Helper()
	service := catalog.NewService(g.Store, nil, catalog.DefaultKeyTTL)
	return func(user int64, sort find.Sort, after find.Position) int {
		page, err := service.List(t.Context(), catalog.Filter{UserID: user, Limit: 20, Sort: sort, After: after})
		if err != nil || len(page.Products) == 0 {
			t.Fatalf("%d products, %v", len(page.Products), err)
		}
		return 1
	}
}

// complete dispatches so many images, begins each and completes it with a rendition of its own.
func (g *catalogue) complete(t *testing.T, n int) int {
	t.Helper()
	request, plan := g.steps.Next(n, true)
	step, err := g.DispatchStep(t.Context(), request, plan)
	if err != nil {
		t.Fatal(err)
	}
	if len(step.Jobs) == 0 {
		t.Fatalf("nothing was dispatched, %+v: this shows nothing", step)
	}
	for _, job := range step.Jobs {
		claim, err := g.Begin(t.Context(), job, time.Minute)
		if err == nil {
			_, err = g.Complete(t.Context(), claim, rendition(job.ImageID), noReport)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return len(step.Jobs)
}

// noReport is what completions have to report of other images.
func noReport() *processes.Report { return nil }

// rendition is that of a photo, as long as they are.
func rendition(image int64) catalog.Rendition {
	sum := sha256.Sum256([]byte(strconv.FormatInt(image, 10)))
	key := hex.EncodeToString(sum[:])
	file := func(format string, width, height int) catalog.Output {
		return catalog.Output{Key: fmt.Sprintf("images/%s/%s/%d.%s", key[:2], key, width, format), Format: format, Width: width, Height: height, Bytes: 123_456}
	}
	return catalog.Rendition{
		Key: key, SourceBytes: 1_234_567, Width: 3000, Height: 2000, Placeholder: "data:image/webp;base64," + strings.Repeat("A", 200),
		Compressed: file("jpg", 2048, 1365), Variants: []catalog.Output{file("webp", 320, 213), file("webp", 800, 533), file("webp", 1600, 1067)},
	}
}

// TestProducts: what each operation costs with 10,000, 1,000,000 and, on PostgreSQL, GROWTH_MOST products.
func TestProducts(t *testing.T) {
	wanted(t)
	most := number(t, "GROWTH_MOST", 10_000_000)
	b := table{head: []string{"operation", "products", "CPU", "buffers", "median", "p99", "CPU as a multiple of the least products"}}
	for _, kind := range []struct {
		name  string
		open  func(*testing.T) *catalogue
		sizes []int
	}{{"PostgreSQL", onPostgres, []int{10_000, 1_000_000, most}}, {"SQLite", onSQLite, []int{10_000, 1_000_000}}} {
		t.Run(kind.name, func(t *testing.T) { b.rows = append(b.rows, grow(t, kind.open(t), kind.sizes, most)...) })
	}
	b.write(t, "products", 6*(3+2)) // operations, and sizes of both databases
}

// grow returns a row for each operation and number of products that is not more than most.
func grow(t *testing.T, g *catalogue, sizes []int, most int) (all [][]string) {
	t.Helper()
	first := map[string]float64{}
	rows := map[string][][]string{}
	var names []string
	for _, products := range sizes {
		if products > most {
			continue
		}
		began := time.Now()
		g.fill(t, products)
		t.Logf("%s has %d products after %s", g.name, g.products, time.Since(began).Round(time.Second))
		order, do := g.operations(t)
		names = order
		for _, name := range order {
			m := do[name]()
			if first[name] == 0 {
				first[name] = m.cpu
			}
			buffers := "–"
			if g.blocks != nil {
				buffers = figure(m.blocks, "")
			}
			row := []string{
				g.name + ": " + name, report.Quantity{Value: float64(products)}.String(), figure(m.cpu, "µs"), buffers,
				figure(m.median, "ms"), figure(m.most, "ms"), figure(m.cpu/first[name], ""),
			}
			t.Log(row)
			rows[name] = append(rows[name], row)
		}
	}
	for _, name := range names {
		all = append(all, rows[name]...)
	}
	return all
}
