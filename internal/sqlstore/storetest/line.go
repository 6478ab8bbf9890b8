package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/media"
)

// createFor stores a product of the user with n images of host a.
func createFor(t *testing.T, s Store, owner int64, n int) catalog.Product {
	t.Helper()
	return createAt(t, s, owner, n, "a")
}

// testTurns has two users wait with many jobs and a third come late with one.
func testTurns(t *testing.T, s Store) {
	t.Helper()
	second, third := MoreUsers()[0], MoreUsers()[1]
	owners := map[int64]int64{}
	for range 2 {
		owners[createFor(t, s, user, 20).ID] = user
	}
	for range 2 {
		owners[createFor(t, s, second, 10).ID] = second
	}
	turns := map[int64]int{}
	for _, j := range step(t, s, 20, time.Hour) {
		turns[owners[j.ProductID]]++
	}
	if turns[user] != 10 || turns[second] != 10 {
		t.Errorf("of 20 turns the first had %d, the second %d", turns[user], turns[second])
	}
	late := createFor(t, s, third, 1)
	next := step(t, s, 3, time.Hour)
	if !slices.ContainsFunc(next, func(j media.Job) bool { return j.ProductID == late.ID }) {
		t.Errorf("who came late is not among the next: %+v", next)
	}
}

// testLateJobs gives a job that is due later its rank when it is due, behind
// what its user has in line by then.
func testLateJobs(t *testing.T, s Store) {
	t.Helper()
	retried := createFor(t, s, user, 1)
	c := begin(t, s, step(t, s, 1, time.Hour)[0])
	// Later than all that is done until it is waited for, on a slow machine, too.
	if _, err := s.Retry(t.Context(), c, timeout(), 2*time.Second); err != nil {
		t.Fatal(err)
	}
	other := createFor(t, s, user, 2)
	if got := step(t, s, 1, time.Hour); len(got) != 1 {
		t.Fatalf("dispatched %v", got)
	}
	var rest []media.Job
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for len(rest) < 2 && ctx.Err() == nil {
		rest = append(rest, step(t, s, 1, time.Hour)...)
	}
	if len(rest) < 2 || rest[0].ProductID != other.ID || rest[1].ProductID != retried.ID {
		t.Errorf("the late job came as %+v", rest)
	}
}
