package dispatch_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/queue"
)

// fakeQueue hands each message to publish.
type fakeQueue struct {
	window  int
	publish func(ctx context.Context, j media.Job) error
	depth   func() (int, error) // nil: none wait

	mu        sync.Mutex
	published []int64
	at        map[int64][]time.Duration // since the start
	start     time.Time
}

func (q *fakeQueue) Publish(ctx context.Context, m queue.Message) error {
	j, err := media.DecodeJob(m.Body)
	if err != nil {
		return err
	}
	q.mu.Lock()
	q.published = append(q.published, j.ImageID)
	q.at[j.ImageID] = append(q.at[j.ImageID], time.Since(q.start))
	q.mu.Unlock()
	return q.publish(ctx, j)
}

func (q *fakeQueue) Window() int { return q.window }

func (q *fakeQueue) Depth(context.Context, queue.Source) (queue.Depth, error) {
	if q.depth == nil {
		return queue.Depth{}, nil
	}
	ready, err := q.depth()
	return queue.Depth{Ready: ready}, err
}

func (q *fakeQueue) times(id int64) []time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.at[id])
}

func (q *fakeQueue) total() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.published)
}

// waking is a store that wakes.
type waking interface {
	dispatch.Store
	Wake(ctx context.Context) <-chan struct{}
}

// run starts a dispatcher with the defaults, as changed; stop ends it and returns when it has ended.
func run(t *testing.T, store waking, q *fakeQueue, change func(*dispatch.Config)) (stop func()) {
	t.Helper()
	if q.at == nil {
		q.at, q.start = map[int64][]time.Duration{}, time.Now()
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	cfg := dispatch.DefaultConfig()
	cfg.Limits.Host = 10_000
	if change != nil {
		change(&cfg)
	}
	d := dispatch.New(store, q, store.Wake, cfg, slog.New(slog.NewTextHandler(t.Output(), nil)))
	go func() {
		defer close(ended)
		if err := d.Run(ctx); err != nil {
			t.Errorf("run: %v", err)
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}

// done begins and finishes a job at once, as a worker in this process does.
func done(s *fakeStore) func(context.Context, media.Job) error {
	return func(_ context.Context, j media.Job) error {
		if s.begin(j) {
			s.finish(j)
		}
		return nil
	}
}

func TestWokenByTheStoreAndByThePoll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newFakeStore()
		q := &fakeQueue{window: 4, publish: done(store)}
		stop := run(t, store, q, func(c *dispatch.Config) { c.Poll = time.Minute })
		wantAt := func(how string, id int64, at time.Duration) {
			t.Helper()
			synctest.Wait()
			if got := q.times(id); len(got) != 1 || got[0] != at {
				t.Errorf("%s: published at %v, want %v", how, got, at)
			}
		}
		time.Sleep(time.Second)
		id := store.add(1, 0)[0]
		store.wake <- struct{}{}
		wantAt("hint", id, time.Second)

		close(store.wake) // no hints any more, and no spinning on it
		id = store.add(1, 0)[0]
		time.Sleep(time.Minute)
		wantAt("poll", id, time.Minute+time.Second)
		id = store.add(1, 90*time.Second)[0]
		time.Sleep(2 * time.Minute)
		wantAt("due later", id, 3*time.Minute+time.Second)
		if n := store.stepsTaken(); n > 12 {
			t.Errorf("%d steps for 3 images and 3 polls", n)
		}
		stop()
	})
}

// TestRoom: what no worker has taken stays in line, by the queue's depth and by
// what is out; a queue that cannot say is bounded by what is out.
func TestRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newFakeStore()
		store.add(30, -time.Minute)
		b := &broker{}
		q := b.queue(50)
		stop := run(t, store, q, func(c *dispatch.Config) { c.Depth, c.Life = 7, time.Minute })
		want := func(what string, out int) {
			t.Helper()
			time.Sleep(time.Second)
			if n := q.total(); n != out {
				t.Errorf("%s: %d were published, want %d", what, n, out)
			}
		}
		work := func(n int, begin bool) {
			b.mu.Lock()
			defer b.mu.Unlock()
			for _, j := range b.waiting[:n] {
				if begin && !store.begin(j) {
					t.Errorf("image %d cannot be begun", j.ImageID)
				}
			}
			b.waiting = b.waiting[n:]
		}
		want("at first", 7)
		work(3, true)
		want("three are begun", 10)
		work(2, false) // a worker has them at hand
		want("two are not begun", 10)
		b.mu.Lock()
		b.unknown = true
		b.mu.Unlock()
		want("the queue cannot say", 10)
		b.mu.Lock()
		b.waiting, b.unknown = nil, false // the broker is wiped
		b.mu.Unlock()
		time.Sleep(2 * time.Minute)
		want("their time ran out", 17)
		time.Sleep(5 * time.Minute)
		want("no worker takes them", 17) // nor do copies pile up
		stop()
	})
}

// TestRefusedJob waits longer each time, and holds up no other.
func TestRefusedJob(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]func() error{
		"error": func() error { return errors.New("cannot digest this one") },
		"panic": func() error { panic("a defect") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := newFakeStore()
				bad := store.add(1, 0)[0]
				var tries atomic.Int64
				q := &fakeQueue{window: 2}
				q.publish = func(ctx context.Context, j media.Job) error {
					if j.ImageID == bad {
						if tries.Add(1) <= 6 {
							return refuse()
						}
					}
					return done(store)(ctx, j)
				}
				stop := run(t, store, q, func(c *dispatch.Config) {
					c.Poll, c.RetryMin, c.RetryMax = 10*time.Millisecond, time.Second, 8*time.Second
				})
				time.Sleep(time.Second / 2)
				good := store.add(1, 0)[0]
				time.Sleep(time.Minute)
				if store.left() != 0 {
					t.Errorf("%d left", store.left())
				}
				if at := q.times(good); len(at) != 1 || at[0] > 520*time.Millisecond {
					t.Errorf("a good job waited for a bad one: %v", at)
				}
				at := q.times(bad)
				for i, seconds := range []int{1, 2, 4, 8, 8, 8} {
					want := time.Duration(seconds) * time.Second
					if got := at[i+1] - at[i]; got < want*8/10 || got > want*12/10+20*time.Millisecond {
						t.Errorf("wait %d is %v, want %v ± 20 %%", i+1, got, want)
					}
				}
				stop()
			})
		})
	}
}

// TestQueueUnavailable: one probe at each pause, then everything, at its rank.
func TestQueueUnavailable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const total = 1000
		store := newFakeStore()
		store.add(total, 0)
		up := time.Now().Add(5 * time.Minute)
		q := &fakeQueue{window: 64}
		q.publish = func(ctx context.Context, j media.Job) error {
			if time.Now().Before(up) {
				return fault.New(fault.Unavailable, "the broker is down")
			}
			return done(store)(ctx, j)
		}
		stop := run(t, store, q, nil)
		hinting := make(chan struct{})
		go func() { // as the commits of a busy API do
			for {
				select {
				case <-hinting:
					return
				case <-time.After(50 * time.Millisecond):
					select {
					case store.wake <- struct{}{}:
					default:
					}
				}
			}
		}()
		time.Sleep(time.Until(up))
		if n := q.total(); n > 64+5*60/4+10 {
			t.Errorf("%d published in 5 minutes without a queue", n)
		}
		time.Sleep(7 * time.Second)
		if n := store.left(); n != 0 {
			t.Errorf("%d left 7 s after the queue came back", n)
		}
		close(hinting)
		stop()
	})
}

func TestStoreUnavailable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newFakeStore()
		store.setDown(true)
		store.add(10, 0)
		q := &fakeQueue{window: 4, publish: done(store)}
		stop := run(t, store, q, nil)
		time.Sleep(10 * time.Minute)
		if n := store.stepsTaken(); n > 200 {
			t.Errorf("%d steps in ten minutes without a store", n)
		}
		store.setDown(false)
		time.Sleep(7 * time.Second)
		if n := store.left(); n != 0 {
			t.Errorf("%d left 7 s after the store came back", n)
		}
		stop()
	})
}

// TestJobsSayThatOthersWait: a job says so where others are in line, or parked, and
// not where it is alone.
func TestJobsSayThatOthersWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newFakeStore()
		var mu sync.Mutex
		var contended []bool
		q := &fakeQueue{window: 4, publish: func(_ context.Context, j media.Job) error {
			store.begin(j)
			mu.Lock()
			contended = append(contended, j.Contended)
			mu.Unlock()
			time.Sleep(10 * time.Second)
			store.finish(j)
			return nil
		}}
		stop := run(t, store, q, func(c *dispatch.Config) { c.Limits = dispatch.DefaultConfig().Limits })
		add := func(host string, n int) {
			mu.Lock()
			contended = nil
			mu.Unlock()
			for range n {
				store.create(1, host, 0)
			}
			store.notify()
			time.Sleep(5 * time.Second)
		}
		want := func(what string, list ...bool) {
			t.Helper()
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(contended, list) {
				t.Errorf("%s: %v, want %v", what, contended, list)
			}
		}
		add("", 1)
		want("alone", false)
		time.Sleep(time.Minute)
		add("", 6)
		want("two have no slot", true, true, true, true)
		time.Sleep(time.Minute)
		add("new", 2)
		want("one is parked", true)
		time.Sleep(time.Minute)
		add("", 1)
		want("alone again", false)
		store.mu.Lock()
		for i := range dispatch.WalkedAtOnce { // the walk ends with hosts that it does not find
			store.hosts[strconv.Itoa(i)] = dispatch.Host{Failures: 5, OpenUntil: time.Now().Add(time.Hour).UnixMilli()}
		}
		store.mu.Unlock()
		for i := range dispatch.WalkedAtOnce {
			store.create(1, strconv.Itoa(i), 0)
		}
		store.notify()
		for i := range 4 {
			time.Sleep(time.Minute + time.Duration(i)*dispatch.DefaultConfig().Walk)
			add("", 1)
			want("others are parked", true)
		}
		stop()
	})
}

// TestDownloadedMakesRoom: the next image of a host goes out when one is downloaded,
// though none is done, and the next of all when one has no slot.
func TestDownloadedMakesRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newFakeStore()
		store.setSlots(7) // one is for other users
		var mu sync.Mutex
		var jobs []media.Job
		q := &fakeQueue{window: 100, publish: func(_ context.Context, j media.Job) error {
			store.begin(j)
			mu.Lock()
			defer mu.Unlock()
			jobs = append(jobs, j)
			return nil
		}}
		stop := run(t, store, q, func(c *dispatch.Config) { c.Limits, c.Walk = dispatch.DefaultConfig().Limits, time.Hour })
		for range 20 {
			store.create(1, "", 0)
		}
		want := func(what string, n int) {
			t.Helper()
			store.notify()
			time.Sleep(5 * time.Second)
			mu.Lock()
			defer mu.Unlock()
			if len(jobs) != n {
				t.Errorf("%s: %d were published, want %d", what, len(jobs), n)
			}
		}
		want("as many as the host may have", 4)
		store.report(jobs[0], false)
		want("one is downloaded", 5)
		store.report(jobs[1], false)
		want("another", 6)
		store.report(jobs[2], false)
		want("there is no slot", 6)
		store.report(jobs[3], true)
		want("now there is", 7)
		stop()
	})
}
