package cachetest

import (
	"slices"
	"sync"
	"testing"
	"time"
)

func testGenerations(t *testing.T, open Open) {
	t.Helper()
	c := open(t, long)
	first := generation(t, c, "lists", 0)
	if again := generation(t, c, "lists", first); again != first {
		t.Errorf("generation went from %d to %d by itself", first, again)
	}
	generation(t, c, "others", 0)
	bump(t, c, "others", 0)
	if again := generation(t, c, "lists", 0); again != first {
		t.Errorf("generation went from %d to %d by another group's", first, again)
	}
	started := bump(t, c, "unread", 0) // there need not be one before
	if g := generation(t, c, "unread", 0); g != started {
		t.Errorf("the generation is %d after the bump to %d", g, started)
	}
}

// testGenerationFloor: an engine that is behind its caller starts a new one, beyond
// what the caller knows.
func testGenerationFloor(t *testing.T, open Open) {
	t.Helper()
	c := open(t, long)
	known := generation(t, c, "lists", 0) + 1_000_000_000
	started := generation(t, c, "lists", known)
	if started == known {
		t.Errorf("generation %d is the caller's own, of which entries may be left", known)
	}
	if again := generation(t, c, "lists", known); again != started {
		t.Errorf("generation went from %d to %d by itself", started, again)
	}
	next := bump(t, c, "lists", started+1_000_000_000)
	for _, floor := range []int64{0, known, next} {
		if g := generation(t, c, "lists", floor); g != next {
			t.Errorf("the generation from %d on is %d after the bump to %d", floor, g, next)
		}
	}
}

// testBumpIsSeen: whoever has bumped sees a new generation, at once.
func testBumpIsSeen(t *testing.T, open Open) {
	t.Helper()
	c := open(t, long)
	last := generation(t, c, "lists", 0)
	for range 200 {
		bump(t, c, "lists", 0)
		g := generation(t, c, "lists", 0)
		if g <= last {
			t.Fatalf("generation %d came after %d", g, last)
		}
		last = g
	}
}

// testBumpsApart: a generation that has begun a while ago makes room for another, a
// younger one does not; one that the caller knows to be over does, and so does none.
func testBumpsApart(t *testing.T, open Open) {
	t.Helper()
	c := open(t, long)
	apart := func(group string, floor int64, d time.Duration) (int64, time.Duration) {
		t.Helper()
		g, wait, err := c.Bump(t.Context(), group, floor, d)
		if err != nil || g < max(floor, 1) || wait < 0 || wait > d {
			t.Fatalf("bumped to %d, %s of %s, %v", g, wait, d, err)
		}
		return g, wait
	}
	if _, wait := apart("lists", 0, time.Hour); wait != 0 {
		t.Errorf("there was none, and one begins after %s", wait)
	}
	first := bump(t, c, "lists", 0)
	if g, wait := apart("lists", first, time.Hour); g != first || wait < 59*time.Minute || generation(t, c, "lists", 0) != first {
		t.Errorf("%d became %d within the hour, wait %s", first, g, wait)
	}
	if g, wait := apart("lists", first+1_000_000_000, time.Hour); g <= first+1_000_000_000 || wait != 0 {
		t.Errorf("%d, which is over, became %d, wait %s", first, g, wait)
	}
	second := bump(t, c, "others", 0)
	Until(t, "another generation", func() bool {
		g, wait := apart("others", second, 50*time.Millisecond)
		if (g != second) != (wait == 0) {
			t.Errorf("%d became %d, wait %s", second, g, wait)
		}
		return g != second
	})
}

// testGenerationRace: all who ask first get the same.
func testGenerationRace(t *testing.T, open Open) {
	t.Helper()
	c := open(t, long)
	found := make([]int64, 8)
	var racing sync.WaitGroup
	for i := range found {
		racing.Go(func() { found[i], _ = c.Generation(t.Context(), "lists", 0) })
	}
	racing.Wait()
	if distinct := slices.Compact(slices.Clone(found)); len(distinct) != 1 || distinct[0] == 0 {
		t.Errorf("racers saw the generations %d, want one", found)
	}
}

// testBumpRace: after its own bump no one sees what was before it.
func testBumpRace(t *testing.T, open Open) {
	t.Helper()
	c := open(t, long)
	var racing sync.WaitGroup
	for range 4 {
		racing.Go(func() {
			for range 100 {
				before, err := c.Generation(t.Context(), "lists", 0)
				if err == nil {
					_, _, err = c.Bump(t.Context(), "lists", 0, 0)
				}
				after, errAfter := c.Generation(t.Context(), "lists", 0)
				if err != nil || errAfter != nil {
					t.Error(err, errAfter)
					return
				}
				if after <= before {
					t.Errorf("generation %d is seen after %d was bumped", after, before)
					return
				}
			}
		})
	}
	racing.Wait()
}
