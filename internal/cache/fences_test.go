package cache_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/cache"
)

func TestFencesKeepTheHighest(t *testing.T) {
	t.Parallel()
	f := cache.NewFences(time.Minute, 1000)
	wantFence(t, f, "a", 0)
	f.Announce("a", 3)
	f.Announce("a", 2)
	f.Saw("a", 1)
	wantFence(t, f, "a", 3)
	f.Saw("a", 4)
	wantFence(t, f, "a", 4)
	f.Announce("a", cache.Gone)
	wantFence(t, f, "a", cache.Gone)
	wantFence(t, f, "b", 0)
}

func wantFence(t *testing.T, f *cache.Fences, key string, version int64) {
	t.Helper()
	if got, _ := f.Of(key); got != version {
		t.Errorf("fence of %s is at %d, want %d", key, got, version)
	}
}

// TestFencesLive: kept for a life at least, and not for ever.
func TestFencesLive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const life = time.Minute
		f := cache.NewFences(life, 64*1000)
		f.Announce("a", 2)
		for range 59 {
			time.Sleep(life / 60)
			f.Announce(fmt.Sprint("other ", rand.Int64()), 1)
			wantFence(t, f, "a", 2)
		}
		for range 10_000 { // every part of the memory is written to, so every part ages
			f.Announce(fmt.Sprint("other ", rand.Int64()), 1)
		}
		time.Sleep(life)
		for range 10_000 {
			f.Announce(fmt.Sprint("other ", rand.Int64()), 1)
		}
		time.Sleep(life)
		for range 10_000 {
			f.Announce(fmt.Sprint("other ", rand.Int64()), 1)
		}
		wantFence(t, f, "a", 0)
	})
}

// TestFencesFresh: a version that was told again lives on.
func TestFencesFresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const life = time.Minute
		f := cache.NewFences(life, 64*1000)
		f.Saw("a", 2)
		for range 10 {
			time.Sleep(life * 2 / 3)
			for i := range 1000 {
				f.Announce(fmt.Sprint("other ", i, rand.Int64()), 1)
			}
			version, fresh := f.Of("a")
			if version != 2 {
				t.Fatalf("fence at %d, want 2", version)
			}
			if !fresh {
				f.Saw("a", version)
			}
		}
	})
}

// TestFencesUnderPressure: with room for far fewer keys than were announced,
// no announcement is forgotten.
func TestFencesUnderPressure(t *testing.T) {
	t.Parallel()
	f := cache.NewFences(time.Hour, 1000)
	const keys = 20_000
	key := func(i int) string { return fmt.Sprint("product:", i) }
	for i := range keys {
		f.Announce(key(i), int64(i%7)+1)
		f.Saw(key(i), int64(i%7)+2)
		f.Saw(fmt.Sprint("seen:", i), cache.Gone)
	}
	above := 0
	for i := range keys {
		got, _ := f.Of(key(i))
		if got < int64(i%7)+1 {
			t.Fatalf("%s was announced at %d and is fenced at %d", key(i), i%7+1, got)
		}
		if got > 8 {
			above++
		}
	}
	if above > 0 {
		t.Errorf("%d keys are fenced by what was merely seen of others", above)
	}
	unknown := 0
	for i := range keys {
		if got, _ := f.Of(fmt.Sprint("unknown:", i)); got > 0 {
			unknown++
		}
	}
	if unknown > keys/5 { // 20,000 versions in 262,144 places
		t.Errorf("%d of %d unknown keys are fenced", unknown, keys)
	}
}

func TestFencesConcurrently(t *testing.T) {
	t.Parallel()
	f := cache.NewFences(time.Millisecond, 100)
	var busy sync.WaitGroup
	for range 4 {
		busy.Go(func() {
			for v := range int64(3000) {
				key := strconv.Itoa(rand.IntN(500))
				f.Saw(key, v)
				f.Announce(key, v)
				if got, _ := f.Of(key); got < 0 {
					t.Errorf("fence at %d", got)
				}
			}
		})
	}
	busy.Wait()
}

func BenchmarkFencesOf(b *testing.B) {
	f := cache.NewFences(time.Minute, 1<<18)
	f.Saw("product:123456", 3)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			f.Of("product:123456")
		}
	})
}

// TestFoundAfterGone: what was only seen to be gone may be found, what is announced
// to be gone is not.
func TestFoundAfterGone(t *testing.T) {
	t.Parallel()
	f := cache.NewFences(time.Hour, 1000)
	f.Saw("a", cache.Gone)
	f.Announce("b", cache.Gone)
	f.Announce("c", 7)
	f.Saw("c", cache.Gone)
	for _, key := range []string{"a", "b", "c"} {
		f.Found(key, 3)
	}
	wantFence(t, f, "a", 3)
	wantFence(t, f, "b", cache.Gone)
	wantFence(t, f, "c", cache.Gone)
}
