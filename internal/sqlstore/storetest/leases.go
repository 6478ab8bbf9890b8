package storetest

import (
	"testing"
	"time"

	"vitrine.dev/internal/fault"
)

// testLeases: one holder at a time, who notices that another one came between. A lease is no reader of
// the log, so no one waits for it to read.
func testLeases(t *testing.T, s Store) {
	t.Helper()
	ctx := t.Context()
	take := func(holder string, life time.Duration) error { return s.TakeLease(ctx, "l", holder, life) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(take("a", time.Minute))
	must(take("a", time.Minute))
	wantKind(t, take("b", time.Minute), fault.Conflict)
	wantKind(t, s.RenewLease(ctx, "l", "b", time.Minute), fault.Conflict)
	wantKind(t, s.RenewLease(ctx, "unheard", "a", time.Minute), fault.Conflict)
	must(s.TakeLease(ctx, "another", "b", time.Minute))
	must(s.EndLease(ctx, "l", "b"))
	wantKind(t, take("b", time.Minute), fault.Conflict)
	must(s.EndLease(ctx, "l", "a"))
	must(take("b", 50*time.Millisecond))
	until(t, "the lease runs out", func() bool { return take("c", time.Minute) == nil })
	must(s.RenewLease(ctx, "l", "c", time.Minute))
	must(s.EndLease(ctx, "l", "c"))
	wantKind(t, s.RenewLease(ctx, "l", "b", time.Minute), fault.Conflict) // though no one has it

	create(t, s)
	if lags, err := s.ReaderLags(ctx, 10); err != nil || len(lags) != 0 {
		t.Errorf("leases are taken for readers: %+v, %v", lags, err)
	}
	must(take("a", time.Hour))
	must(s.EndLeases(ctx))
	must(take("b", time.Hour))
}
