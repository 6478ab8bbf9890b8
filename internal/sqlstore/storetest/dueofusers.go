package storetest

import (
	"slices"
	"testing"
	"time"

	"vitrine.dev/internal/dispatch"
)

// testDueOfUsers: in the middle of a backlog that a step does not look at, other users'
// images are found by their users, those after a cursor.
func testDueOfUsers(t *testing.T, s Store) {
	t.Helper()
	for range 25 {
		createFor(t, s, user, 20)
	}
	late := createFor(t, s, MoreUsers()[0], 1)
	for range 25 {
		createFor(t, s, user, 20)
	}
	limits := dispatch.Limits{Slots: 8, Host: 4, NewHost: 1, Life: time.Hour}
	var seen dispatch.Window
	look := func(users bool, after int64) bool {
		request := dispatch.Request{Life: time.Hour, Ranks: 4, Users: users, After: after}
		if _, err := s.DispatchStep(t.Context(), request, noting{dispatch.OneStep(limits, 0), &seen}); err != nil {
			t.Fatal(err)
		}
		times := 0
		for _, r := range seen.Due {
			if r.ID == late.Images[0].ID {
				times++
			}
		}
		if times > 1 {
			t.Errorf("it is in the window %d times", times)
		}
		return times == 1
	}
	if other := MoreUsers()[0]; look(true, other) || !look(true, other-1) || !slices.Equal(seen.Users, []int64{other}) {
		t.Errorf("after a cursor there are the users %v", seen.Users)
	}
}

// noting looks at what a step sees, and decides nothing.
type noting struct {
	dispatch.Plan

	seen *dispatch.Window
}

func (n noting) Decide(w dispatch.Window) dispatch.Decision {
	*n.seen = w
	return dispatch.Decision{}
}
