package storetest

import (
	"log/slog"
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/signing"
)

// testSigningKeys: processes that start at once have the same key.
func testSigningKeys(t *testing.T, s Store) {
	t.Helper()
	const processes = 8
	made := make([][]signing.Key, processes)
	var all sync.WaitGroup
	for i := range processes {
		all.Go(func() {
			var err error
			if made[i], err = s.SigningKeys(t.Context(), signing.NewSecret()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i, keys := range made {
		if len(keys) != 1 || keys[0] != made[0][0] || keys[0].Secret == (signing.Secret{}) || keys[0].Left != 0 {
			t.Errorf("process %d has %v, the first one %v", i, keys, made[0])
		}
	}
	testRotateSigning(t, s)
}

// testRotateSigning: the newest key signs, those before it verify for a while, and those that
// are over not at all.
func testRotateSigning(t *testing.T, s Store) {
	t.Helper()
	accounts := auth.NewAccounts(s)
	keys := func() []signing.Key {
		list, err := s.SigningKeys(t.Context(), signing.NewSecret())
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	rotate := func(overlap time.Duration) {
		if err := accounts.RotateSigning(t.Context(), admin(), overlap); err != nil {
			t.Fatal(err)
		}
	}
	first := keys()[0].Secret
	process := signing.New(s, slog.New(slog.DiscardHandler)) // knows the first
	cursor, err := process.Seal(t.Context(), signing.Cursors, nil, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	newEvents(t, s)
	rotate(time.Hour)
	if got := newEvents(t, s); len(got) != 1 || got[0].Type != events.SigningChanged || got[0].ProductID != 0 || got[0].UserID != 0 {
		t.Errorf("events %+v", got)
	}
	list := keys()
	if len(list) != 2 || list[0].Secret == first || list[0].Left != 0 || list[1].Secret != first || list[1].Left <= 0 || list[1].Left > time.Hour {
		t.Errorf("rotated: %v", list)
	}
	later := signing.New(s, slog.New(slog.DiscardHandler))
	if m, err := later.Open(t.Context(), signing.Cursors, nil, cursor); err != nil || string(m) != "x" {
		t.Errorf("in the overlap: %q, %v", m, err)
	}
	second := list[0].Secret
	rotate(auth.MaxOverlap)
	if list = keys(); len(list) != 3 || list[1].Secret != second || list[2].Secret != first || list[2].Left > time.Hour {
		t.Errorf("the end of the first was moved: %v", list)
	}
	rotate(0)
	if list = keys(); len(list) != 1 {
		t.Errorf("without an overlap %d keys verify", len(list))
	}
	if m, err := signing.New(s, slog.New(slog.DiscardHandler)).Open(t.Context(), signing.Cursors, nil, cursor); fault.KindOf(err) != fault.Invalid {
		t.Errorf("after the overlap: %q, %v", m, err)
	}
	for _, overlap := range []time.Duration{-1, auth.MaxOverlap + 1} {
		if err := accounts.RotateSigning(t.Context(), admin(), overlap); fault.KindOf(err) != fault.Invalid {
			t.Errorf("an overlap of %s: %v", overlap, err)
		}
	}
	log, _, err := accounts.Audit(t.Context(), 0, 0)
	if err != nil || len(log) != 3 || log[0].Action != "signing-key.rotate" || log[0].Target != "signing-key:4" || log[0].KeyPrefix != admin().Prefix {
		t.Errorf("audit log: %+v, %v", log, err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { rotate(time.Hour) })
	}
	all.Wait()
	if list = keys(); len(list) != 5 {
		t.Errorf("after 4 rotations at once %d keys verify, want 5", len(list))
	}
}
