package feed_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/feed"
	"vitrine.dev/internal/progress"
)

// TestStreamsAtTheEnd cost the database nothing, however many they are; one that is behind reads
// what it has missed, each event once.
func TestStreamsAtTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		l.add(3, 1)
		f, stop := start(t, l)
		defer stop()
		var all []*follower
		for range 50 {
			all = append(all, follow(t, f, feed.Query{By: of(1)}))
		}
		before := l.counted()
		var want []int64
		for i := range 100 {
			l.add(2, int64(1+i%2))
			if i%2 == 0 {
				want = append(want, int64(4+2*i), int64(5+2*i))
			}
		}
		for _, r := range all {
			if got, err := r.seen(); len(got) != len(want) || got[0] != want[0] || got[99] != want[99] || err != nil {
				t.Fatalf("%v, %v; want %v", got, err, want)
			}
		}
		if n := l.counted() - before; n != 0 {
			t.Errorf("%d reads", n)
		}
		late := follow(t, f, feed.Query{By: of(1), After: "evt_e1_1"})
		if got, err := late.seen(); len(got) != 102 || got[0] != 2 || got[101] != want[99] || err != nil {
			t.Errorf("%v, %v", got, err)
		}
		l.add(20_000, 2) // more than are in memory
		l.add(1, 1)
		for _, r := range append(all, late) {
			if got, err := r.seen(); got[len(got)-1] != 20_204 || err != nil {
				t.Fatalf("%v, %v", got[len(got)-1], err)
			}
		}
	})
}

// TestEndOfStreams: they end with the process and with the epoch, and go on after an outage.
func TestEndOfStreams(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		f, stop := start(t, l)
		r := follow(t, f, feed.Query{By: of(1)})
		l.add(1, 1)
		l.fail(true)
		time.Sleep(time.Minute)
		l.add(1, 1)
		l.fail(false)
		time.Sleep(time.Minute)
		l.add(1, 1)
		if got, err := r.seen(); len(got) != 3 || err != nil {
			t.Errorf("after an outage %v, %v", got, err)
		}
		l.enter("e2")
		l.add(1, 1)
		if got, err := r.seen(); len(got) != 3 || !errors.Is(err, feed.ErrEnded) {
			t.Errorf("in another epoch %v, %v", got, err)
		}
		if _, err := f.Open(t.Context(), feed.Query{By: of(1), After: "evt_e1_3"}); !errors.Is(err, feed.ErrGone) {
			t.Errorf("of another epoch: %v", err)
		}
		r = follow(t, f, feed.Query{By: of(1), After: "evt_e2_3"})
		left := follow(t, f, feed.Query{By: of(1)})
		left.stop()
		if _, err := left.seen(); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		began := time.Now()
		waited := make(chan feed.Page)
		go func() {
			p, err := f.Page(t.Context(), feed.Query{By: of(1), After: feed.Latest, Wait: time.Hour})
			if err != nil {
				t.Error(err)
			}
			waited <- p
		}()
		synctest.Wait()
		stop()
		if p := <-waited; len(p.Events) != 0 || !p.Waited || time.Since(began) > time.Second {
			t.Errorf("%+v after %s", p, time.Since(began))
		}
		if got, err := r.seen(); len(got) != 1 || !errors.Is(err, feed.ErrEnded) {
			t.Errorf("%v, %v", got, err)
		}
		l.enter("")
		if _, err := f.Page(t.Context(), feed.Query{By: of(1)}); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("of no known epoch: %v", err)
		}
	})
}

// TestLongPoll: it ends with the first event that the client is shown, and no later than it may.
func TestLongPoll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		f, stop := start(t, l)
		defer stop()
		for _, c := range []struct {
			of    int64
			found int
			took  time.Duration
		}{{1, 1, 3 * time.Second}, {2, 0, 7 * time.Second}} {
			began := time.Now()
			time.AfterFunc(3*time.Second, func() { l.add(1, c.of) })
			p, err := f.Page(t.Context(), feed.Query{By: of(1), After: feed.Latest, Wait: 7 * time.Second})
			if took := time.Since(began); err != nil || len(p.Events) != c.found || !p.Waited || took < c.took || took > c.took+time.Second {
				t.Errorf("%+v, %v after %s; want %+v", p, err, took, c)
			}
		}
		for range progress.MostWaiting {
			go func() { _, _ = f.Page(t.Context(), feed.Query{By: of(1), After: feed.Latest, Wait: time.Minute}) }()
		}
		synctest.Wait()
		began := time.Now()
		p, err := f.Page(t.Context(), feed.Query{By: of(1), After: feed.Latest, Wait: time.Minute})
		if err != nil || p.Waited || time.Since(began) > 0 {
			t.Errorf("one too many: %+v, %v after %s", p, err, time.Since(began))
		}
		l.add(1, 1)
		time.Sleep(time.Second)
		synctest.Wait()
		if p, err := f.Page(t.Context(), feed.Query{By: of(1), After: p.Next.String(), Wait: time.Minute}); err != nil || !p.Waited || len(p.Events) != 1 {
			t.Errorf("%+v, %v", p, err)
		}
	})
}

// TestSparse: a request looks at a part of a long log only, and says so; a stream goes on until it
// has found something.
func TestSparse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		l.add(1, 1)
		l.pass(250_000)
		l.add(1, 1)
		f, stop := start(t, l)
		defer stop()
		pages, next, found := 0, feed.Oldest, 0
		for more := true; more; pages++ {
			p, err := f.Page(t.Context(), feed.Query{By: of(1), After: next, Limit: 1, Wait: time.Hour})
			if err != nil || pages > 9 {
				t.Fatalf("page %d: %+v, %v", pages, p, err)
			}
			found += len(p.Events)
			more, next = p.More, p.Next.String()
		}
		if pages != 4 || found != 2 || next != "evt_e1_250002" {
			t.Errorf("%d events on %d pages up to %s", found, pages, next)
		}
		r := follow(t, f, feed.Query{By: of(1), After: "evt_e1_1"})
		if got, err := r.seen(); len(got) != 1 || err != nil {
			t.Errorf("%v, %v", got, err)
		}
		l.cut(2)
		p, err := f.Page(t.Context(), feed.Query{By: of(1), After: feed.Oldest})
		if err != nil || p.Next.Position != 100_002 {
			t.Errorf("from the oldest: %+v, %v", p, err)
		}
		if _, err := f.Page(t.Context(), feed.Query{By: of(1), After: "evt_e1_1"}); !errors.Is(err, feed.ErrGone) {
			t.Errorf("behind what was removed: %v", err)
		}
	})
}

// TestTooManyStreams: of one user and of all; a stream that is closed makes room.
func TestTooManyStreams(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, stop := start(t, newLog())
		defer stop()
		open := func(by auth.Principal) (*feed.Stream, error) { return f.Open(t.Context(), feed.Query{By: by}) }
		acting := of(1)
		acting.User = 2 // counts as the streams of 1
		var last *feed.Stream
		for i := range feed.MaxStreamsOfUser {
			s, err := open([]auth.Principal{of(1), acting}[i%2])
			if err != nil {
				t.Fatal(err)
			}
			last = s
		}
		if _, err := open(of(1)); !errors.Is(err, feed.ErrTooManyOfUser) {
			t.Error(err)
		}
		last.Close()
		if _, err := open(of(1)); err != nil {
			t.Error(err)
		}
		for range feed.MaxStreams - feed.MaxStreamsOfUser {
			if _, err := open(auth.Everyone()); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := open(of(3)); !errors.Is(err, feed.ErrTooManyStreams) {
			t.Error(err)
		}
	})
}

// TestQuery: what is wrong with a query is said of each parameter.
func TestQuery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		l.add(1, 1)
		f, stop := start(t, l)
		defer stop()
		for _, q := range []feed.Query{{Types: "key.changed"}, {Types: "product.created,"}, {Types: "Product.Created"}, {After: "1"}, {After: "evt_e1_2"}, {After: "evt_e1"}} {
			_, err := f.Page(t.Context(), q)
			bad, ok := errors.AsType[*fault.Error](err)
			if !ok || bad.Kind != fault.Invalid || len(bad.Fields) != 1 || !bad.Fields[0].IsParameter() {
				t.Errorf("%+v: %v", q, err)
			}
		}
		for _, q := range []feed.Query{{}, {After: "evt_e1_0"}, {Types: "product.updated, product.updated"}, {Product: 1}, {After: feed.Oldest}} {
			q.By = of(1)
			if p, err := f.Page(t.Context(), q); err != nil || len(p.Events) != 1 {
				t.Errorf("%+v: %+v, %v", q, p, err)
			}
		}
	})
}
