package burst_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"vitrine.dev/internal/systemtest"
)

const (
	shortImages = 600
	perProduct  = 10
)

// TestBurst wants every image to end, with a true reason, and the good ones
// about as fast among failing hosts as alone. BURST_IMAGES makes it the full
// measurement; the short form is too small for a bound as tight as that.
func TestBurst(t *testing.T) {
	t.Parallel()
	images, bound := shortImages, 0.3
	if text := os.Getenv("BURST_IMAGES"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < perProduct {
			t.Fatalf("BURST_IMAGES is %q", text)
		}
		images, bound = n, 0.9
	}
	sys, src := newSystem(t), newSource(t)
	sys.burst(src, "warm", 100, false)
	mixed := sys.burst(src, "mixed", images, true)
	alone := sys.burst(src, "alone", images, false)
	ratio := mixed.throughput() / alone.throughput()
	t.Logf("ratio of the good ones' throughput: %.3f (at least %.2f)", ratio, bound)
	if ratio < bound {
		t.Error("failing hosts hold up the others")
	}
}

// result is how a burst ended.
type result struct {
	good        int
	first, last int64 // when good ones became ready, ms
}

func (r result) throughput() float64 { return float64(r.good) * 1000 / float64(max(r.last-r.first, 1)) }

// burst creates the images, with or without every tenth, which fails, and waits
// until all have ended.
func (sys *system) burst(src *source, run string, images int, failing bool) result {
	sys.t.Helper()
	started := time.Now()
	group, ctx := errgroup.WithContext(sys.t.Context())
	group.SetLimit(4)
	for start := 0; start < images; start += perProduct {
		var urls []string
		for n := start; n < min(start+perProduct, images); n++ {
			if n%10 != 9 {
				urls = append(urls, src.good(run, n))
			} else if failing {
				urls = append(urls, src.bad(run, n/10))
			}
		}
		group.Go(func() error {
			_, err := sys.Create(ctx, 1, urls)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		sys.t.Fatal(err)
	}
	created := time.Since(started)
	limit := 3*time.Minute + time.Duration(images)*200*time.Millisecond
	systemtest.Within(sys.t, limit, "every image to end", func() bool {
		var under bool
		sys.Servers.Query(sys.t, func(ctx context.Context, db *pgx.Conn) error {
			return db.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM images WHERE status = 'pending')`).Scan(&under)
		})
		return !under
	})
	ended := time.Since(started)
	r := sys.check(src, run)
	sys.t.Logf("%s: created in %s, %d good ready at %.1f/s, all ended after %s",
		run, created.Round(time.Second), r.good, r.throughput(), ended.Round(time.Second))
	return r
}

// check holds every image of the run against the truth about its URL.
func (sys *system) check(src *source, run string) (r result) {
	sys.t.Helper()
	ends := map[string]int{}
	var url, status, reason string
	var at int64
	note := func() {
		ends[fmt.Sprintf("%s %s", status, reason)]++
		want := src.reason(url)
		if reason != want || (status == "ready") != (want == "") {
			sys.t.Errorf("%s ended %s %q, the truth is %q", url, status, reason, want)
		}
		if status == "ready" {
			r.good++
			r.last = max(r.last, at)
			if r.first == 0 || at < r.first {
				r.first = at
			}
		}
	}
	sys.Servers.Query(sys.t, func(ctx context.Context, db *pgx.Conn) error {
		rows, err := db.Query(ctx, `
			SELECT i.source_url, i.status, i.reason, coalesce(r.created_at, 0)
			FROM images i LEFT JOIN renditions r ON r.key = i.rendition_key
			WHERE i.source_url LIKE '%/' || $1 || '/%'`, run)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := rows.Scan(&url, &status, &reason, &at); err != nil {
				return err
			}
			note()
		}
		return rows.Err()
	})
	if r.good == 0 {
		sys.t.Fatal("no image is ready")
	}
	var list []string
	for end, n := range ends {
		list = append(list, fmt.Sprintf("%s: %d", end, n))
	}
	slices.Sort(list)
	sys.t.Logf("%s: %v", run, list)
	return r
}
