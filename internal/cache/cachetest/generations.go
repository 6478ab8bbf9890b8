package cachetest

import (
	"slices"
	"sync"
	"testing"
)

func testGenerations(t *testing.T, open Open) {
	t.Helper()
	c := open(t, long)
	first := generation(t, c, "lists")
	if again := generation(t, c, "lists"); again != first {
		t.Errorf("generation went from %s to %s by itself", first, again)
	}
	if other := generation(t, c, "others"); other == first {
		t.Error("two groups share a generation")
	}
	bump(t, c, "unread") // there need not be one before
	generation(t, c, "unread")
}

// testBumpIsSeen: whoever has bumped sees a new generation, at once.
func testBumpIsSeen(t *testing.T, open Open) {
	t.Helper()
	c := open(t, long)
	seen := map[string]bool{generation(t, c, "lists"): true}
	for range 200 {
		bump(t, c, "lists")
		g := generation(t, c, "lists")
		if seen[g] {
			t.Fatalf("generation %s came again", g)
		}
		seen[g] = true
	}
}

// testGenerationRace: all who ask first get the same.
func testGenerationRace(t *testing.T, open Open) {
	t.Helper()
	c := open(t, long)
	found := make([]string, 8)
	var racing sync.WaitGroup
	for i := range found {
		racing.Go(func() { found[i], _ = c.Generation(t.Context(), "lists") })
	}
	racing.Wait()
	if distinct := slices.Compact(slices.Clone(found)); len(distinct) != 1 || distinct[0] == "" {
		t.Errorf("racers saw the generations %q, want one", found)
	}
}

// testBumpRace: after its own bump nobody sees what was before it.
func testBumpRace(t *testing.T, open Open) {
	t.Helper()
	c := open(t, long)
	var racing sync.WaitGroup
	for range 4 {
		racing.Go(func() {
			for range 100 {
				before, err := c.Generation(t.Context(), "lists")
				if err == nil {
					err = c.Bump(t.Context(), "lists")
				}
				after, errAfter := c.Generation(t.Context(), "lists")
				if err != nil || errAfter != nil {
					t.Error(err, errAfter)
					return
				}
				if after == before {
					t.Errorf("generation %s is seen after it was bumped", after)
					return
				}
			}
		})
	}
	racing.Wait()
}
