package catalogsql_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/find"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/sqlstore/storetest"
)

// TestFindMany measures lists of one user's products beside 10,000 users who have ten each, as
// make find asks for: the first page and the last that is full up to page 10,000 of each filter
// in each order, each the median of five. It prints a table.
func TestFindMany(t *testing.T) {
	text := os.Getenv("FIND_PRODUCTS")
	if text == "" {
		t.Skip("measures for minutes: make find")
	}
	products, err := strconv.Atoi(text)
	if err != nil || products < 1000 {
		t.Fatalf("FIND_PRODUCTS is %q", text)
	}
	for name, open := range storetest.Databases() {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			began := time.Now()
			fill(t, s, products, 100_000, 10_000)
			t.Logf("filled in %s", time.Since(began).Round(time.Second))
			for _, a := range allAsked() {
				measure(t, s, a)
			}
		})
	}
}

// pageSize is that of the pages that are measured.
const pageSize = 100

func measure(t *testing.T, s *sqlstore.Store, a asked) {
	t.Helper()
	f := a.filter
	f.UserID, f.Limit = 1, pageSize
	began := time.Now()
	n, err := s.CountProducts(t.Context(), f, false)
	if err != nil {
		t.Fatal(err)
	}
	counting := time.Since(began)
	var row strings.Builder
	for _, sort := range find.Sorts() {
		f.Sort, f.After = sort, find.Position{}
		first, along := timed(t, s, f)
		fmt.Fprintf(&row, " | %s: %s %v", sort, first, along)
		if page := min(n/pageSize, 10_000); page > 1 {
			f.After = before(t, s, f, (page-1)*pageSize)
			last, along := timed(t, s, f)
			fmt.Fprintf(&row, ", page %d: %s %v", page, last, along)
		}
	}
	t.Logf("%s (%d, counted in %s)%s", a.name, n, counting.Round(100*time.Microsecond), &row)
}

// before is the position behind so many products of the list, which is found by reading them all.
func before(t *testing.T, s *sqlstore.Store, f catalog.Filter, n int64) find.Position {
	t.Helper()
	statement, args := s.Nth(t.Context(), f, n-1)
	var p catalog.Summary
	var updated int64
	if err := s.Writer.QueryRowContext(t.Context(), statement, args...).Scan(&p.ID, &p.Price, &updated, &p.Name); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	p.UpdatedAt = time.UnixMilli(updated)
	return f.PositionOf(p)
}

// timed is the median of five, and the indexes of the last.
func timed(t *testing.T, s *sqlstore.Store, f catalog.Filter) (median time.Duration, along []string) {
	t.Helper()
	var took []time.Duration
	for range 5 {
		began := time.Now()
		if _, _, err := s.ListProducts(t.Context(), f); err != nil {
			t.Fatalf("%+v after %s: %v", f, time.Since(began), err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	_, plans, err := s.Explained(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	for _, plan := range plans {
		if regexp.MustCompile(`Seq Scan on products|SCAN products\b`).MatchString(plan) {
			t.Errorf("a scan of the table:\n%s", plan)
		}
		for _, name := range regexp.MustCompile(`products_(by_\w+|failed|pending|ready)|VIRTUAL TABLE`).FindAllString(plan, -1) {
			name = strings.TrimPrefix(strings.Replace(name, "VIRTUAL TABLE", "by_part", 1), "products_")
			if !slices.Contains(along, name) {
				along = append(along, name)
			}
		}
	}
	return took[2].Round(100 * time.Microsecond), along
}
