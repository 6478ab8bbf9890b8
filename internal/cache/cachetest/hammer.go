package cachetest

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/cache"
)

const (
	hammerKeys = 3
	hammerTime = 300 * time.Millisecond
)

// hammered is one key of which the versions are known.
type hammered struct {
	name      string
	committed atomic.Int64 // in the imagined database
	announced atomic.Int64 // Invalidate has returned
}

// testHammer runs writers, readers and fills that are often late, and checks
// each read: after Invalidate of a version has returned, no older one is read.
func testHammer(t *testing.T, open Open) {
	t.Helper()
	c := open(t, long)
	keys := make([]*hammered, hammerKeys)
	for i := range keys {
		keys[i] = &hammered{name: fmt.Sprint("key ", i)}
		keys[i].committed.Store(1)
	}
	stop := make(chan struct{})
	var writers, others sync.WaitGroup
	for _, k := range keys {
		writers.Go(func() { hammerWrite(t, c, k) })
	}
	for range 3 {
		others.Go(func() { hammerLoop(t, stop, keys, func(k *hammered) error { return hammerRead(t, c, k) }) })
		others.Go(func() { hammerLoop(t, stop, keys, func(k *hammered) error { return hammerFill(t, c, k) }) })
	}
	writers.Wait()
	close(stop)
	others.Wait()
	for _, k := range keys {
		put(t, c, k.name, k.committed.Load()-1, false)
		put(t, c, k.name, k.committed.Load(), true)
		want(t, c, k.name, k.committed.Load())
	}
}

func hammerWrite(t *testing.T, c cache.Cache, k *hammered) {
	t.Helper()
	for began := time.Now(); time.Since(began) < hammerTime; {
		v := k.committed.Add(1)
		if err := c.Invalidate(t.Context(), k.name, v); err != nil {
			t.Error(err)
			return
		}
		k.announced.Store(v)
		for range rand.IntN(20) { // a fill that slipped through stays for a while
			if err := hammerRead(t, c, k); err != nil {
				t.Error(err)
				return
			}
		}
	}
}

func hammerLoop(t *testing.T, stop <-chan struct{}, keys []*hammered, step func(*hammered) error) {
	t.Helper()
	for {
		select {
		case <-stop:
			return
		default:
		}
		if err := step(keys[rand.IntN(len(keys))]); err != nil {
			t.Error(err)
			return
		}
	}
}

func hammerRead(t *testing.T, c cache.Cache, k *hammered) error {
	t.Helper()
	floor := k.announced.Load()
	e, found, err := c.Get(t.Context(), k.name)
	if err == nil && found && e.Version < floor {
		return fmt.Errorf("read version %d of %s after %d was announced", e.Version, k.name, floor)
	}
	if err == nil && found && string(e.Body) != string(Body(e.Version)) {
		return fmt.Errorf("version %d of %s has the body %q", e.Version, k.name, e.Body)
	}
	return err
}

// hammerFill loads and, sometimes after a while, puts.
func hammerFill(t *testing.T, c cache.Cache, k *hammered) error {
	t.Helper()
	v := k.committed.Load()
	if rand.IntN(2) == 0 {
		<-time.After(time.Duration(rand.IntN(3000)) * time.Microsecond)
	}
	floor := k.announced.Load()
	landed, err := c.Put(t.Context(), k.name, cache.Entry{Version: v, Body: Body(v)})
	if err == nil && landed && v < floor {
		return fmt.Errorf("a fill of version %d of %s landed after %d was announced", v, k.name, floor)
	}
	return err
}
