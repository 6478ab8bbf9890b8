package e2e_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/systemtest"
)

// TestRollingRestart replaces two APIs and two workers, one after the other,
// while products are created and read through a balancer: no request fails, no
// image fails or is begun twice.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	w := systemtest.NewSystem(t)
	// A busy machine notices late, and renders slowly: what a worker has in hand when it is
	// stopped is few pictures, which it renders before it is cut off.
	w.Env["DRAIN_DELAY"], w.Env["DRAIN_TIMEOUT"], w.Env["WORKER_DOWNLOADS"] = "5s", "2m", "8"
	w.Env["ALLOWED_HOSTS"] = "balancer" // by that name the APIs are asked
	src := systemtest.NewSource(t)
	front := &balancer{}
	apis, workers := make([]*systemtest.Process, 2), make([]*systemtest.Process, 2)
	for i := range apis {
		apis[i], workers[i] = systemtest.Start(t, "api", w.Env), systemtest.Start(t, "worker", w.Env)
		front.backends = append(front.backends, &backend{address: strings.TrimPrefix(apis[i].URL(), "http://")})
	}
	ctx, end := context.WithCancel(t.Context())
	var background sync.WaitGroup
	background.Go(func() { front.check(ctx) })
	ready := func(i int) {
		systemtest.Eventually(t, "an API to be ready", func() bool { return front.isReady(front.backends[i]) })
	}
	ready(0)
	ready(1)

	l := &load{t: t, client: &http.Client{Transport: front}, src: src}
	for i := range 4 {
		background.Go(func() { l.create(ctx, i) })
		background.Go(func() { l.read(ctx) })
	}
	for i := range apis {
		l.goesOn(50)
		apis[i].Stop()
		env := maps.Clone(w.Env)
		env["HTTP_ADDR"] = front.backends[i].address
		apis[i] = systemtest.Start(t, "api", env)
		ready(i)
		l.goesOn(50)
		workers[i].Stop()
		workers[i] = systemtest.Start(t, "worker", w.Env)
	}
	l.goesOn(50)
	end()
	background.Wait()

	systemtest.Eventually(t, "all images to be ready", func() bool {
		return w.Number(`SELECT count(*) FROM images WHERE status = 'pending'`) == 0
	})
	if n := w.Number(`SELECT count(*) FROM images WHERE status <> 'ready'`); n > 0 {
		t.Errorf("%d images failed", n)
	}
	if again := w.Number(`SELECT count(*) FROM images WHERE attempts > 1`); again > 0 {
		t.Errorf("%d images were begun again, though every worker was let finish", again)
	}
	products, images := w.Number(`SELECT count(*) FROM products`), w.Number(`SELECT count(*) FROM images`)
	if products != l.created || images != imagesEach*l.created {
		t.Errorf("%d products with %d images, want the %d that were answered", products, images, l.created)
	}
	redelivered := 0
	for _, p := range workers {
		redelivered += p.Count(systemtest.Msg("message is redelivered"))
	}
	t.Logf("%d creates, %d reads, %d messages delivered again", l.created, l.reads, redelivered)
	// Each stop gives back what it had at hand and not begun: one message.
	if redelivered > 2*len(workers) {
		t.Errorf("%d messages were delivered again", redelivered)
	}
}

const imagesEach = 2

// load creates and reads products until its context ends, and notes every
// failure.
type load struct {
	t      *testing.T
	client *http.Client
	src    *systemtest.Source

	mu      sync.Mutex
	latest  string // path to a product
	created int64
	reads   int64
}

// create creates products, each with pictures of its own.
func (l *load) create(ctx context.Context, worker int) {
	for i := worker * 10_000; ctx.Err() == nil; i++ {
		body := fmt.Sprintf(`{"user_id":1,"product_name":"Lamp %d","product_description":"","product_price":1,"product_images":["%s"]}`,
			i, strings.Join(l.src.Numbered(i*imagesEach, imagesEach), `","`))
		if location, ok := l.send(ctx, http.MethodPost, "/products", body, http.StatusCreated); ok {
			l.mu.Lock()
			l.created++
			l.latest = location
			l.mu.Unlock()
		}
		wait(ctx, 200*time.Millisecond)
	}
}

func (l *load) read(ctx context.Context) {
	for ctx.Err() == nil {
		l.mu.Lock()
		path := l.latest
		l.reads++
		l.mu.Unlock()
		if path != "" {
			l.send(ctx, http.MethodGet, path, "", http.StatusOK)
		}
		wait(ctx, 20*time.Millisecond)
	}
}

// send is not cut off by the end of the load, so each request has an answer.
func (l *load) send(ctx context.Context, method, path, body string, want int) (location string, ok bool) {
	req, err := http.NewRequestWithContext(context.WithoutCancel(ctx), method, "http://balancer"+path, strings.NewReader(body))
	if err != nil {
		l.t.Error(err)
		return "", false
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := l.client.Do(req)
	if err != nil {
		l.t.Errorf("%s %s failed: %v", method, path, err)
		return "", false
	}
	defer resp.Body.Close()
	if resp.StatusCode != want {
		answer, _ := io.ReadAll(resp.Body)
		l.t.Errorf("%s %s answered %d %s", method, path, resp.StatusCode, answer)
		return "", false
	}
	at, err := url.Parse(resp.Header.Get("Location"))
	if err != nil {
		l.t.Error(err)
		return "", false
	}
	return at.Path, true
}

// goesOn waits for n more reads.
func (l *load) goesOn(n int64) {
	l.t.Helper()
	l.mu.Lock()
	until := l.reads + n
	l.mu.Unlock()
	systemtest.Eventually(l.t, "the load to go on", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.reads >= until
	})
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
