package events_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
)

func wantSeen(t *testing.T, j *journal, want []int64) {
	t.Helper()
	if got := j.seen(); !slices.Equal(got, want) {
		t.Errorf("the handler was given %v, want %v", got, want)
	}
}

func TestReaderWaitsForLowerIDs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, j := newFakeLog(), &journal{}
		log.add(2)
		slow, gone := log.draw(), log.draw()
		log.add(1)
		p := start(t, log, j, nil, j.all)
		after(5 * time.Second)
		wantSeen(t, j, []int64{})
		log.rollback(gone)
		log.commit(slow)
		after(time.Second)
		wantSeen(t, j, []int64{1, 2, 3, 5})
		p.end()
		if at := log.position(); at != 5 {
			t.Errorf("position %d", at)
		}
	})
}

// TestReaderIsWoken: no poll is waited for.
func TestReaderIsWoken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, j := newFakeLog(), &journal{}
		p := start(t, log, j, nil, j.all)
		after(1100 * time.Millisecond)
		log.add(1)
		after(100 * time.Millisecond)
		wantSeen(t, j, upTo(1))
		p.end()
	})
}

// TestBacklogIsReadAtOnce: the pace is for events as they come.
func TestBacklogIsReadAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, j := newFakeLog(), &journal{}
		log.add(35)
		p := start(t, log, j, func(c *events.ReaderConfig) { c.Batch, c.Pace = 10, time.Hour }, j.all)
		after(time.Second)
		wantSeen(t, j, upTo(35))
		log.add(1)
		after(50 * time.Minute)
		wantSeen(t, j, upTo(35))
		after(10 * time.Minute)
		wantSeen(t, j, upTo(36))
		p.end()
	})
}

func TestOneProcessReadsAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, j := newFakeLog(), &journal{}
		var busy atomic.Int32
		handle := func(ctx context.Context, page events.Page) (int, error) {
			if busy.Add(1) > 1 {
				t.Error("two processes read at once")
			}
			after(300 * time.Millisecond)
			busy.Add(-1)
			return j.all(ctx, page)
		}
		var processes []*process
		for range 3 {
			processes = append(processes, start(t, log, j, func(c *events.ReaderConfig) { c.Batch = 10 }, handle))
		}
		log.add(200)
		after(time.Minute)
		for _, p := range processes {
			log.add(20)
			p.end() // another goes on, with nothing lost or repeated
			after(time.Minute)
		}
		wantSeen(t, j, upTo(240))
	})
}

// TestAnotherProcessGoesOn: what a process that vanished had not written down is repeated.
func TestAnotherProcessGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, j := newFakeLog(), &journal{}
		first := start(t, log, j, nil, j.all)
		log.add(3)
		after(5 * time.Second)
		if at := log.position(); at != 3 {
			t.Fatalf("position %d was written", at)
		}
		log.add(2)
		after(200 * time.Millisecond) // handled, and not yet written
		log.setDown(true)
		second := start(t, log, j, nil, j.all)
		after(20 * time.Second) // the first must give up by itself
		log.setDown(false)
		after(30 * time.Second)
		got := j.seen()
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, upTo(5)) {
			t.Errorf("handled %v", got)
		}
		if n := j.logged("lost its lease"); n != 1 {
			t.Errorf("%d lines of a lost lease", n)
		}
		first.end()
		second.end()
	})
}

// TestTargetUnavailable: an outage leaves two lines, costs a try every five
// seconds however often the reader is woken, and nothing is lost.
func TestTargetUnavailable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, j := newFakeLog(), &journal{}
		up := time.Now().Add(5 * time.Minute)
		var tries atomic.Int64
		p := start(t, log, j, nil, func(ctx context.Context, page events.Page) (int, error) {
			if time.Now().Before(up) {
				tries.Add(1)
				return 0, fault.New(fault.Unavailable, "Redis is down")
			}
			return j.all(ctx, page)
		})
		n := 0
		for ; time.Now().Before(up); n++ {
			log.add(1)
			after(50 * time.Millisecond)
		}
		after(7 * time.Second)
		wantSeen(t, j, upTo(int64(n)))
		if tries := tries.Load(); tries > 5*60/4+10 {
			t.Errorf("%d tries in 5 minutes", tries)
		}
		if down, up := j.logged("event reader is held up"), j.logged("event reader goes on"); down != 1 || up != 1 {
			t.Errorf("%d lines of the outage and %d of its end", down, up)
		}
		p.end()
	})
}

func TestDatabaseUnavailable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, j := newFakeLog(), &journal{}
		p := start(t, log, j, nil, j.all)
		log.add(10)
		after(5 * time.Second)
		log.setDown(true)
		before := log.counted()
		after(10 * time.Minute)
		if n := log.counted() - before; n > 400 {
			t.Errorf("a database that is down was called %d times", n)
		}
		log.setDown(false)
		log.add(1)
		after(10 * time.Second)
		wantSeen(t, j, upTo(11))
		if down, up := j.logged("event reader is held up"), j.logged("event reader goes on"); down != 1 || up != 1 {
			t.Errorf("%d lines of the outage and %d of its end", down, up)
		}
		p.end()
	})
}

var errDefect = errors.New("cannot digest this one")

// TestHandlerFails: what is done is not repeated, the rest is, after waits that double.
func TestHandlerFails(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func() error{
		"error": func() error { return errDefect },
		"panic": func() error { panic("a defect") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				log, j := newFakeLog(), &journal{}
				log.add(5)
				tries := 0
				p := start(t, log, j, func(c *events.ReaderConfig) { c.PauseMin, c.PauseMax = time.Second, 8*time.Second },
					func(ctx context.Context, page events.Page) (int, error) {
						if page.Events[0].ID == 1 {
							j.note(events.Page{Events: page.Events[:2]})
							return 2, errDefect
						}
						if tries++; tries < 5 {
							return 0, fail()
						}
						return j.all(ctx, page)
					})
				after(18 * time.Second) // 1, 2, 4, 8 and 8 s, a fifth more or less
				wantSeen(t, j, upTo(2))
				after(11 * time.Second)
				wantSeen(t, j, upTo(5))
				p.end()
			})
		})
	}
}

func TestStopLetsTheHandlerEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, j := newFakeLog(), &journal{}
		log.add(1)
		p := start(t, log, j, nil, func(ctx context.Context, page events.Page) (int, error) {
			after(20 * time.Second) // longer than the lease, which is renewed
			if ctx.Err() != nil {
				t.Error("the handler was cut off")
			}
			return j.all(ctx, page)
		})
		after(5 * time.Second)
		p.end()
		wantSeen(t, j, upTo(1))
		if at := log.position(); at != 1 {
			t.Errorf("position %d was written", at)
		}
		if _, err := log.LeaseReader(t.Context(), name, "another", time.Second); err != nil {
			t.Errorf("the lease was not ended: %v", err)
		}
	})
}

func TestStopEndsAHandlerThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, j := newFakeLog(), &journal{}
		log.add(1)
		p := start(t, log, j, func(c *events.ReaderConfig) { c.Drain = 30 * time.Second }, func(ctx context.Context, _ events.Page) (int, error) {
			<-ctx.Done()
			return 0, context.Cause(ctx)
		})
		after(5 * time.Second)
		began := time.Now()
		p.end()
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("the stop took %s", took)
		}
		if at := log.position(); at != 0 {
			t.Errorf("position %d was written", at)
		}
	})
}

// TestLeaseOfAnother: who was stopped for longer than its lease writes nothing.
func TestLeaseOfAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, j := newFakeLog(), &journal{}
		log.add(1)
		var cut atomic.Bool
		p := start(t, log, j, nil, func(ctx context.Context, page events.Page) (int, error) {
			<-ctx.Done()
			cut.Store(true)
			return len(page.Events), nil
		})
		after(time.Second)
		log.mu.Lock()
		log.readers[name].holder, log.readers[name].until = "another", time.Now().Add(time.Hour)
		log.mu.Unlock()
		after(5 * time.Second)
		if at := log.position(); at != 0 || !cut.Load() {
			t.Errorf("position %d was written under the lease of another; cut off: %v", at, cut.Load())
		}
		p.end()
	})
}

func TestReaderIsOvertaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, j := newFakeLog(), &journal{}
		log.add(10)
		log.cut(7)
		p := start(t, log, j, nil, j.all)
		after(5 * time.Second)
		wantSeen(t, j, []int64{8, 9, 10})
		if j.logged("level=WARN") != 1 || j.logged("skipped=7") != 1 {
			t.Errorf("logged:\n%s", &j.buf)
		}
		log.cut(10) // what is done is missed by no one
		log.add(1)
		after(5 * time.Second)
		if j.logged("level=WARN") != 1 {
			t.Errorf("logged:\n%s", &j.buf)
		}
		p.end()
		if at := log.position(); at != 11 {
			t.Errorf("position %d", at)
		}
	})
}
