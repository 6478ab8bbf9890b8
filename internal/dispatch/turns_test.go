package dispatch_test

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/media"
)

// TestTurnsAtAHost: at hosts that have room for one image each, users take turns, and
// every fourth image that comes is one that was tried, as long as there are such:
// at each of them, however many others the same steps ask about.
func TestTurnsAtAHost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const hosts, users, each, again = 4, 3, 6, 1 // of each user, and how many of these were tried
		store := newFakeStore()
		store.mu.Lock()
		for i := range int64(hosts * users * each) {
			host := "host-" + strconv.FormatInt(i/(users*each), 10)
			store.hosts[host] = dispatch.Host{AnsweredAt: 1}
			r := &fakeRow{Row: dispatch.Row{ID: i + 1, UserID: i/each%users + 1, Host: host, Tried: i%each < again}}
			store.rows[r.ID] = r
			store.move(r, media.Parked)
		}
		store.mu.Unlock()
		came := map[string][]fakeRow{}
		q := &fakeQueue{window: 2 * hosts, publish: func(_ context.Context, j media.Job) error {
			if store.begin(j) {
				store.mu.Lock()
				r := *store.rows[j.ImageID]
				came[r.Host] = append(came[r.Host], r)
				store.mu.Unlock()
				time.Sleep(100 * time.Millisecond)
				store.finish(j)
				store.notify()
			}
			return nil
		}}
		stop := run(t, store, q, func(c *dispatch.Config) { c.Limits.Host = 1 })
		for store.left() > 0 {
			time.Sleep(time.Second)
		}
		stop()
		for host, rows := range came {
			var tried []int
			for n, r := range rows {
				if r.Tried {
					tried = append(tried, n)
				}
				if want := int64(n%users + 1); r.UserID != want {
					t.Errorf("%s: number %d was of user %d, want %d", host, n, r.UserID, want)
				}
			}
			if want := []int{3, 7, 11}; len(rows) != users*each || !slices.Equal(tried, want) {
				t.Errorf("%s: of %d those that were tried came as number %v, want %v", host, len(rows), tried, want)
			}
		}
		if len(came) != hosts {
			t.Errorf("images of %d hosts came", len(came))
		}
	})
}

// TestTurnsInLine: an image that comes in line, because nothing can go out, has had
// its user's turn.
func TestTurnsInLine(t *testing.T) {
	t.Parallel()
	steps := &dispatch.Steps{Limits: dispatch.Limits{Slots: 8, Host: 1, NewHost: 1, Life: time.Minute}}
	step := func(user int64) (asks []dispatch.Ask) {
		_, p := steps.Next(0, true)
		w := dispatch.Window{
			Now: drawnNow, Walked: []string{"x"}, Hosts: map[string]dispatch.HostState{"x": {Host: dispatch.Host{AnsweredAt: 1}}},
			Parked: []dispatch.Row{{ID: user, UserID: user, Host: "x", Stage: media.Parked}},
		}
		p.Hosts(w)
		asks = p.Asks(w)
		if d := p.Decide(w); len(d.Positions) != 1 || d.Positions[0].To != media.InLine {
			t.Fatalf("decided %+v", d)
		}
		return asks
	}
	for _, after := range []int64{0, 1, 2} {
		if asks := step(after + 1); len(asks) != 1 || asks[0].After != after {
			t.Errorf("asked for %+v, want those after user %d", asks, after)
		}
	}
}

// TestPace: after a pause steps follow one another at once, as the end of an image wakes the dispatcher just before the
// next image is there; where it is woken all the time, there are no more than one for each gap.
func TestPace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newFakeStore()
		q := &fakeQueue{window: 4, publish: done(store)}
		var gap time.Duration
		var burst int
		stop := run(t, store, q, func(c *dispatch.Config) { c.Poll, gap, burst = time.Hour, c.Gap, c.Burst })
		time.Sleep(time.Second)
		store.notify() // finds nothing
		synctest.Wait()
		id := store.add(1, 0)[0]
		store.notify()
		synctest.Wait()
		if got := q.times(id); len(got) != 1 || got[0] != time.Second {
			t.Errorf("published at %v, want at once", got)
		}

		before := store.stepsTaken()
		for range 1000 {
			time.Sleep(time.Millisecond)
			store.notify()
		}
		synctest.Wait()
		if n, most := store.stepsTaken()-before, int(time.Second/gap)+burst; n > most || n < most/2 {
			t.Errorf("%d steps in a second of hints, want up to %d", n, most)
		}
		stop()
	})
}

// TestPaceAfterBacklog: steps that follow one another as there is more that is due are not paid for by those after them.
func TestPaceAfterBacklog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newFakeStore()
		q := &fakeQueue{window: 100_000, publish: done(store)}
		stop := run(t, store, q, func(c *dispatch.Config) { c.Poll, c.Depth = time.Hour, 100_000 })
		time.Sleep(time.Second)
		before := store.stepsTaken()
		store.add(20_000, 0)
		store.notify()
		time.Sleep(20 * time.Millisecond)
		if n := store.stepsTaken() - before; n < 50 {
			t.Fatalf("%d steps for the backlog: that shows nothing", n)
		}
		id := store.add(1, 0)[0]
		began := time.Since(q.start)
		store.notify()
		time.Sleep(time.Minute)
		if got := q.times(id); len(got) != 1 || got[0] > began+10*time.Millisecond {
			t.Errorf("published at %v, want at once after %v", got, began)
		}
		stop()
	})
}

// slowSteps is a store whose steps take a while.
type slowSteps struct {
	*fakeStore

	each time.Duration
}

func (s slowSteps) DispatchStep(ctx context.Context, r dispatch.Request, p dispatch.Plan) (dispatch.Step, error) {
	time.Sleep(s.each)
	return s.fakeStore.DispatchStep(ctx, r, p)
}

// TestSlowStepsLeavePauses: where steps are slow, the gap is between the end of one and the begin of the next.
func TestSlowStepsLeavePauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := slowSteps{newFakeStore(), 30 * time.Millisecond}
		q := &fakeQueue{window: 4, publish: done(store.fakeStore)}
		var gap time.Duration
		var burst int
		stop := run(t, store, q, func(c *dispatch.Config) { gap, burst = c.Gap, c.Burst })
		for range 1000 {
			time.Sleep(time.Millisecond)
			store.notify()
		}
		if n, most := store.stepsTaken(), int(time.Second/(gap+store.each))+burst; n > most || n < most/2 {
			t.Errorf("%d steps in a second of hints, want up to %d", n, most)
		}
		stop()
	})
}
