package dispatch_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/imaging/schedule"
	"vitrine.dev/internal/media"
)

// source is how a host answers for an image: how long it takes, and how it fails.
type source func(r *fakeRow) (took time.Duration, failure *fault.Failure)

// sim is a whole installation in virtual time: real dispatchers over a store in
// memory, workers that take no time but for the hosts' and for what they render.
type sim struct {
	*fakeStore
	*testing.T

	slots   int
	sources map[string]source
	other   source             // of all further hosts
	renders *schedule.Schedule // nil: rendering takes no time
	heavy   map[int64]int64    // pixels of images that take a minute to render
	light   time.Duration      // what the others take

	mu      sync.Mutex
	began   map[int64]time.Time
	ended   map[int64]time.Time
	fetches map[string][]time.Time
	out     map[string]int
	stops   []func()
	backlog chan struct{} // those that are downloaded and not done
}

var (
	fast  source = func(*fakeRow) (time.Duration, *fault.Failure) { return 100 * time.Millisecond, nil }
	hangs source = func(r *fakeRow) (time.Duration, *fault.Failure) {
		if r.Class == dispatch.Contact && !r.Tried { // a first contact has ten seconds
			return 10 * time.Second, fault.Fail(fault.SourceTimeout, "", nil)
		}
		return 30 * time.Second, fault.Fail(fault.SourceTimeout, "", nil)
	}
)

func takes(d time.Duration) source {
	return func(*fakeRow) (time.Duration, *fault.Failure) { return d, nil }
}

// simulate runs the scenario with so many slots in a bubble of virtual time.
func simulate(t *testing.T, slots, dispatchers int, scenario func(s *sim)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &sim{
			fakeStore: newFakeStore(), T: t, slots: slots, sources: map[string]source{}, other: fast,
			light: 50 * time.Millisecond, backlog: make(chan struct{}, 80),
			began: map[int64]time.Time{}, ended: map[int64]time.Time{}, fetches: map[string][]time.Time{}, out: map[string]int{},
		}
		s.setSlots(slots)
		for range dispatchers {
			q := &fakeQueue{window: slots, publish: s.work}
			s.stops = append(s.stops, run(t, s.fakeStore, q, func(c *dispatch.Config) {
				c.Limits = dispatch.DefaultConfig().Limits
				c.DrainTimeout = time.Minute
			}))
		}
		scenario(s)
		for _, stop := range s.stops {
			stop()
		}
	})
}

// known makes hosts that have answered, and takes so long.
func (s *sim) known(host string, took time.Duration) {
	s.observe(media.Fetch{Host: host, Took: took})
}

// submit creates an image, and wakes the dispatchers.
func (s *sim) submit(user int64, host string) int64 {
	r := s.create(user, host, 0)
	s.notify()
	return r.ID
}

// work is a worker with one job.
func (s *sim) work(ctx context.Context, j media.Job) error {
	if !s.begin(j) {
		return nil
	}
	s.fakeStore.mu.Lock()
	r := *s.rows[j.ImageID]
	h := s.hosts[r.Host]
	s.fakeStore.mu.Unlock()

	s.mu.Lock()
	s.began[r.ID] = time.Now()
	s.fetches[r.Host] = append(s.fetches[r.Host], time.Now())
	if s.out[r.Host]++; s.out[r.Host] > 4 || h.AnsweredAt == 0 && s.out[r.Host] > 1 {
		s.Errorf("%d fetches at once from %s", s.out[r.Host], r.Host)
	}
	source, ok := s.sources[r.Host]
	s.mu.Unlock()
	if !ok {
		source = s.other
	}
	took, failure := source(&r)
	select {
	case <-time.After(took):
	case <-ctx.Done():
		return ctx.Err()
	}
	s.mu.Lock()
	s.out[r.Host]--
	s.mu.Unlock()
	s.observe(media.Fetch{Host: r.Host, URL: r.url, Failure: failure, Took: took})
	switch {
	case failure != nil:
		s.retry(j, 4*time.Second)
	case s.renders == nil:
		s.end(j)
	default:
		s.later(j, false)
		s.backlog <- struct{}{}
		s.later(j, true)
		go func() { // its slot is free
			if s.render(ctx, &r) == nil {
				<-s.backlog
				s.end(j)
			}
		}()
		return nil
	}
	s.notify()
	return nil
}

// render is the renderer of a worker.
func (s *sim) render(ctx context.Context, r *fakeRow) error {
	pixels, took := int64(30_000), s.light
	if most := s.heavy[r.ID]; most > 0 {
		pixels, took = most, time.Minute
	}
	picture := schedule.Picture{UserID: r.UserID, Quick: took < time.Second}
	slot, err := s.renders.Enter(ctx, picture)
	for err == nil && !slot.Reserve(pixels) {
		picture.Pixels = pixels
		slot, err = slot.Again(ctx, picture)
	}
	if err != nil {
		return err
	}
	defer slot.Leave()
	return backoff.Sleep(ctx, took)
}

func (s *sim) end(j media.Job) {
	s.mu.Lock()
	s.ended[j.ImageID] = time.Now()
	s.mu.Unlock()
	s.finish(j)
	s.notify()
}

// later reports what became of a download, together with others.
func (s *sim) later(j media.Job, released bool) {
	time.AfterFunc(50*time.Millisecond, func() {
		s.report(j, released)
		s.notify()
	})
}

// victims submits one image of a new user at a time, each at the host that name
// gives, and returns how long the slowest took until it was done.
func (s *sim) victims(n int, every time.Duration, host func(i int) string) time.Duration {
	ids := make([]int64, n)
	at := make([]time.Time, n)
	for i := range ids {
		at[i] = time.Now()
		ids[i] = s.submit(int64(1000+i), host(i))
		time.Sleep(every)
	}
	var slowest time.Duration
	for i, id := range ids {
		for deadline := time.Now().Add(5 * time.Minute); s.endedAt(id).IsZero() && time.Now().Before(deadline); {
			time.Sleep(50 * time.Millisecond)
		}
		ended := s.endedAt(id)
		if ended.IsZero() {
			s.Fatalf("victim %d never ended", i)
		}
		slowest = max(slowest, ended.Sub(at[i]))
	}
	return slowest
}

func (s *sim) endedAt(id int64) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended[id]
}

// within fails the test where the slowest took longer.
func (s *sim) within(what string, slowest, limit time.Duration) {
	s.Logf("%s: slowest after %v", what, slowest)
	if slowest > limit {
		s.Errorf("%s: slowest after %v, want at most %v", what, slowest, limit)
	}
}

// long leaves a simulation out of a short run.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: it simulates minutes of many images")
	}
}

func unseen(i int) string { return fmt.Sprintf("unseen-%d", i) }

// A user, or several, with a hundred hosts that hang; the others' pictures are at
// hosts never asked before.
func TestBesideHangingHosts(t *testing.T) {
	t.Parallel()
	long(t)
	for _, c := range []struct {
		slots, users, dispatchers int
		limit                     time.Duration
	}{{8, 1, 2, time.Second}, {64, 1, 1, time.Second}, {8, 2, 1, 10 * time.Second}, {64, 8, 1, 10 * time.Second}, {8, 8, 1, 30 * time.Second}} {
		t.Run(fmt.Sprintf("%d users, %d slots", c.users, c.slots), func(t *testing.T) {
			t.Parallel()
			simulate(t, c.slots, c.dispatchers, func(s *sim) {
				s.other = func(r *fakeRow) (time.Duration, *fault.Failure) {
					if r.UserID < 1000 {
						return hangs(r)
					}
					return fast(r)
				}
				for user := range c.users {
					for i := range 120 {
						s.create(int64(user+1), fmt.Sprintf("hang-%d-%d", user, i%100), 0)
					}
				}
				s.notify()
				time.Sleep(20 * time.Second)
				s.within("victims", s.victims(10, 1500*time.Millisecond, unseen), c.limit)
			})
		})
	}
}

// A user with 400 images of 30 hosts that take 25 s each, known to or not.
func TestBesideSlowHosts(t *testing.T) {
	t.Parallel()
	long(t)
	for _, known := range []bool{true, false} {
		for _, users := range []int{1, 2} {
			t.Run(fmt.Sprintf("known %t, %d users", known, users), func(t *testing.T) {
				t.Parallel()
				simulate(t, 16, 1, func(s *sim) {
					for i := range 30 {
						host := fmt.Sprintf("slow-%d", i)
						s.sources[host] = takes(25 * time.Second)
						if known {
							s.known(host, 25*time.Second)
						}
					}
					for i := range 400 * users {
						s.create(int64(i%users+1), fmt.Sprintf("slow-%d", i%30), 0)
					}
					s.notify()
					time.Sleep(30 * time.Second)
					s.within("victims", s.victims(10, 2*time.Second, unseen), 10*time.Second)
				})
			})
		}
	}
}

// Six pictures of a user, each of which takes much or most of the memory until the
// limit of its time.
func TestBesideHeavyPictures(t *testing.T) {
	t.Parallel()
	simulate(t, 64, 1, func(s *sim) {
		s.renders = schedule.New(schedule.Config{Renders: 2, Budget: 120_000_000, Express: 8_000_000, Passed: 16})
		s.heavy = map[int64]int64{}
		for i := range int64(6) {
			s.heavy[s.create(1, "heavy", 0).ID] = 50_000_000 * (1 + i%2)
		}
		s.notify()
		time.Sleep(2 * time.Second)
		s.within("victims", s.victims(20, 500*time.Millisecond, unseen), time.Second)
	})
}

// A large import over five hosts; the others' pictures are at those, and at others.
func TestBesideAnImport(t *testing.T) {
	t.Parallel()
	long(t)
	for _, slots := range []int{8, 16} {
		for name, host := range map[string]func(int) string{
			"the same hosts": func(i int) string { return fmt.Sprintf("shop-%d", i%5) }, "unseen hosts": unseen,
		} {
			t.Run(fmt.Sprintf("%s, %d slots", name, slots), func(t *testing.T) {
				t.Parallel()
				simulate(t, slots, 1, func(s *sim) {
					for i := range 5 {
						s.known(fmt.Sprintf("shop-%d", i), 100*time.Millisecond)
					}
					for i := range 1000 {
						s.create(1, fmt.Sprintf("shop-%d", i%5), 0)
					}
					s.notify()
					time.Sleep(time.Second)
					s.within("victims", s.victims(20, 200*time.Millisecond, host), time.Second)
				})
			})
		}
	}
}

// Fifteen URLs of a host fail for ever and are its first; its thirty good ones,
// and another user's, are ready soon.
func TestBesideFailingURLs(t *testing.T) {
	t.Parallel()
	for _, slots := range []int{8, 64} {
		simulate(t, slots, 1, func(s *sim) {
			s.sources["shop"] = func(r *fakeRow) (time.Duration, *fault.Failure) {
				if r.ID <= 15 {
					f := fault.Fail(fault.SourceUnreachable, "500", nil)
					f.Blame = fault.BlameEither
					return 100 * time.Millisecond, f
				}
				return fast(r)
			}
			for range 45 {
				s.create(1, "shop", 0)
			}
			s.notify()
			start := time.Now()
			s.within("another user", s.victims(1, 0, func(int) string { return "shop" }), 30*time.Second)
			for id := int64(16); id <= 45; id++ {
				for s.endedAt(id).IsZero() && time.Since(start) < time.Minute {
					time.Sleep(50 * time.Millisecond)
				}
			}
			s.within("the last good one", time.Since(start), 30*time.Second)
		})
	}
}

// A user with 100 images at one host and 500 elsewhere; the others' pictures are
// at that host.
func TestBesideABacklogAtTheSameHost(t *testing.T) {
	t.Parallel()
	long(t)
	for _, slots := range []int{8, 16} {
		simulate(t, slots, 1, func(s *sim) {
			s.known("x", 100*time.Millisecond)
			for i := range 100 {
				s.known(fmt.Sprintf("else-%d", i), 100*time.Millisecond)
			}
			for i := range 600 {
				host := "x"
				if i%6 > 0 {
					host = fmt.Sprintf("else-%d", i%100)
				}
				s.create(1, host, 0)
			}
			s.notify()
			time.Sleep(2 * time.Second)
			s.within("victims", s.victims(10, 500*time.Millisecond, func(int) string { return "x" }), time.Second)
		})
	}
}

// A lone import whose rendering is the limit keeps the renderers busy, over one host
// and over five, though each host's images take longer until they are done than its
// few downloads at once would allow.
func TestALoneImportKeepsTheRenderersBusy(t *testing.T) {
	t.Parallel()
	long(t)
	for _, hosts := range []int{1, 5} {
		t.Run(fmt.Sprintf("%d hosts", hosts), func(t *testing.T) {
			t.Parallel()
			simulate(t, 64, 2, func(s *sim) {
				const images = 400
				s.light, s.backlog = 400*time.Millisecond, make(chan struct{}, 16*hosts)
				s.renders = schedule.New(schedule.Config{Renders: 2 * hosts, Budget: 120_000_000, Passed: 16})
				s.other = takes(500 * time.Millisecond)
				for i := range hosts {
					s.known(fmt.Sprintf("shop-%d", i), 500*time.Millisecond)
				}
				for i := range images {
					s.create(1, fmt.Sprintf("shop-%d", i%hosts), 0)
				}
				s.notify()
				start := time.Now()
				for s.left() > 0 && time.Since(start) < time.Hour {
					time.Sleep(100 * time.Millisecond)
				}
				first := images * s.light / time.Duration(2*hosts) // first come, first served: the renderers are never idle
				s.within("the import", time.Since(start), first*100/95)
			})
		})
	}
}

// Three users with a backlog, one at hosts that take ten times as long: each has
// about a third of the time of the slots.
func TestSharesAreOfTime(t *testing.T) {
	t.Parallel()
	long(t)
	simulate(t, 16, 1, func(s *sim) {
		for i := range 60 {
			host, took := fmt.Sprintf("h-%d", i), 500*time.Millisecond
			if i%3 == 0 {
				took = 5 * time.Second
			}
			s.sources[host] = takes(took)
			s.known(host, took)
		}
		for i := range 1200 {
			s.create(int64(i%3), fmt.Sprintf("h-%d", i%60), 0)
		}
		s.notify()
		time.Sleep(30 * time.Second)
		var spent [3]float64
		s.mu.Lock()
		for id, begun := range s.began {
			if end, ok := s.ended[id]; ok {
				spent[id%3] += end.Sub(begun).Seconds()
			}
		}
		s.mu.Unlock()
		all := spent[0] + spent[1] + spent[2]
		for i, one := range spent {
			if share := one / all; share < 0.25 || share > 0.42 {
				t.Errorf("user %d has %.0f %% of the time", i, 100*share)
			}
		}
		t.Logf("shares: %.2f", spent)
	})
}

// TestParkedWithoutATrigger: what no dispatcher remembers is found by the walk.
func TestParkedWithoutATrigger(t *testing.T) {
	t.Parallel()
	long(t)
	simulate(t, 16, 1, func(s *sim) {
		s.fakeStore.mu.Lock()
		for i := range int64(300) {
			r := &fakeRow{url: i, Row: dispatch.Row{ID: i + 1, UserID: 1, Host: fmt.Sprintf("h-%d", i)}}
			s.rows[r.ID] = r
			s.move(r, media.Parked)
		}
		s.fakeStore.mu.Unlock()
		start := time.Now()
		for s.left() > 0 && time.Since(start) < time.Minute {
			time.Sleep(100 * time.Millisecond)
		}
		s.within("the last", time.Since(start), 20*time.Second)
	})
}

// TestASilentHostIsAskedSeldom: an outage of an hour, with 300 images at the host.
func TestASilentHostIsAskedSeldom(t *testing.T) {
	t.Parallel()
	long(t)
	simulate(t, 16, 2, func(s *sim) {
		var down atomic.Bool
		down.Store(true)
		s.sources["shop"] = func(r *fakeRow) (time.Duration, *fault.Failure) {
			if down.Load() {
				return hangs(r)
			}
			return fast(r)
		}
		for range 300 {
			s.create(1, "shop", 0)
		}
		s.notify()
		time.Sleep(time.Hour)
		down.Store(false)
		s.mu.Lock()
		asked := len(s.fetches["shop"])
		s.mu.Unlock()
		if asked < 12 || asked > 40 {
			t.Errorf("the host was asked %d times in an hour", asked)
		}
		back := time.Now()
		for s.left() > 0 && time.Since(back) < 10*time.Minute {
			time.Sleep(time.Second)
		}
		s.within("the last after the outage", time.Since(back), 6*time.Minute)
	})
}
