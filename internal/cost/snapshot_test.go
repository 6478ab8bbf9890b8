package cost_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"vitrine.dev/internal/bench/limit"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqlstore"
)

const (
	passed  = 100_000 // images that come and go while the snapshot is open
	batch   = 100     // of them at a time
	over    = 20      // hosts
	running = time.Minute
)

// TestHeldSnapshot: while a transaction that only reads has been open since before
// the last 100,000 images, so that no vacuum removes what these have left in the indexes of
// the queue, what a step reads to begin with (what is out, the heads of the lines, the arrivals)
// touches at most ten times as many buffers as before, and so do the ranks of hosts and
// the ends of users; and over another minute the throughput falls by no more than half.
func TestHeldSnapshot(t *testing.T) {
	turn(t)
	// Without waiting for the disk, so that what the reads cost is not hidden by it.
	p := newCounted(t, "synchronous_commit=off")
	store := p.Store(t, clients, quiet())
	p.wait(t, 1000, map[string]string{"class": "0", "source_host": fmt.Sprintf("'host' || n %% %d || '.example.com'", over)})
	for host := range over {
		if _, err := store.RecordFetches(t.Context(), []media.Fetch{{Host: hostName(host), Took: time.Second}}); err != nil {
			t.Fatal(err)
		}
	}
	limits := dispatch.DefaultConfig().Limits
	limits.Slots, limits.Life = 64, time.Hour
	steps := &dispatch.Steps{Limits: limits}
	sample := func() (map[string]limit.Calls, limit.Calls) {
		p.ResetCounts(t)
		began := time.Now()
		for range 50 {
			pass(t, p, store, steps)
		}
		t.Logf("%.0f images a second", 50*batch/time.Since(began).Seconds())
		return p.steps(t), p.Counts(t, "min(due_at)")
	}
	for range 20 { // plans and catalogs
		pass(t, p, store, steps)
	}
	p.Exec(t, `VACUUM ANALYZE`)
	before, look := sample()

	reader, err := pgx.Connect(t.Context(), p.Conn.Config().ConnString())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close(context.WithoutCancel(t.Context()))
	if _, err := reader.Exec(t.Context(), `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT count(*) FROM images`); err != nil {
		t.Fatal(err)
	}
	for range passed / batch {
		pass(t, p, store, steps)
	}
	after, looked := sample()
	for _, part := range stepParts {
		b, a := before[part.name], after[part.name]
		if part.always {
			wantCalls(t, part.name, b)
			wantCalls(t, part.name+", with the snapshot", a)
		}
		if b.Calls > 0 || a.Calls > 0 {
			t.Logf("%s: %.1f buffers, %.1f with the snapshot (%d and %d calls)", part.name, b.Each(), a.Each(), b.Calls, a.Calls)
		}
	}
	wantCalls(t, "the looks for what is below the bounds", look)
	t.Logf("a look for what is below the bounds: %.0f buffers, %.0f with the snapshot (%d and %d calls)", look.Each(), looked.Each(), look.Calls, looked.Calls)

	var sixths [6]float64
	for began := time.Now(); ; {
		at := time.Since(began)
		if at >= running {
			break
		}
		pass(t, p, store, steps)
		sixths[at*6/running] += batch / (running / 6).Seconds()
	}
	t.Logf("images a second, by sixths of %s: %.0f", running, sixths)
	for _, part := range stepParts[:3] {
		atMost(t, after[part.name].Each()/before[part.name].Each(), 10,
			"%s: buffers with a snapshot held over %d images, as a multiple of those without", part.name, passed)
	}
	atMost(t, sixths[0]/sixths[5], 2, "throughput in the first sixth as a multiple of that in the last")
}

func hostName(n int) string { return fmt.Sprintf("host%d.example.com", n) }

// pass creates a batch of images and takes the steps that as many need, each of which
// begins and ends what it dispatched.
func pass(t *testing.T, p *postgres, store *sqlstore.Store, steps *dispatch.Steps) {
	t.Helper()
	var group errgroup.Group
	for n := range batch / 10 {
		group.Go(func() error {
			product := phone()
			product.UserID, product.Images = int64(1+n), nil
			for i := range 10 {
				product.Images = append(product.Images, fmt.Sprintf("https://%s/image%d.jpg", hostName((n+i*i)%over), i))
			}
			_, err := store.CreateProduct(t.Context(), product)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	group.SetLimit(clients)
	for n, deadline := 0, time.Now().Add(time.Minute); n < batch; {
		request, plan := steps.Next(batch-n, true)
		step, err := store.DispatchStep(t.Context(), request, plan)
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("%d of %d were dispatched: %v", n, batch, err)
		}
		n += len(step.Jobs)
		var ids []int64
		for _, job := range step.Jobs {
			ids = append(ids, job.ImageID)
			group.Go(func() error {
				_, err := store.Begin(t.Context(), job, time.Minute)
				return err
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		p.Exec(t, `UPDATE images SET status = 'ready', stage = NULL, rank = NULL, dispatched_until = 0, lease_until = 0
			WHERE id = ANY($1)`, ids)
	}
}
