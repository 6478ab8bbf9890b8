package storetest

import (
	"maps"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/installation"
)

// testInstallation: the record is made with the database and changes only where
// it is the one that is to be replaced.
func testInstallation(t *testing.T, s Store) {
	t.Helper()
	ctx := t.Context()
	first, now, err := s.Installation(ctx)
	noError(t, err)
	if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(first.ID) || !regexp.MustCompile(`^[0-9a-f]{12}$`).MatchString(first.Epoch) {
		t.Errorf("a new installation is %+v", first)
	}
	if first.EpochAge < 24*time.Hour || len(first.Origin) > 0 || first.Copied || len(first.External) > 0 {
		t.Errorf("a new installation is %+v", first)
	}
	_, again, err := s.Installation(ctx)
	noError(t, err)
	if len(now) == 0 || !maps.Equal(now, again) {
		t.Errorf("the system says %v, then %v", now, again)
	}

	next := first
	next.Epoch, next.Origin, next.Copied = "0123456789ab", installation.Origin{"b": "2", "a": "1"}, true
	next.External = []installation.Part{installation.Cache, installation.Storage}
	for i, want := range []bool{true, false} {
		if changed, err := s.ChangeInstallation(ctx, first, next); err != nil || changed != want {
			t.Errorf("change %d: %v, %v, want %v", i, changed, err, want)
		}
	}
	got, _, err := s.Installation(ctx)
	noError(t, err)
	if got.ID != first.ID || got.Epoch != next.Epoch || !maps.Equal(got.Origin, next.Origin) || !got.Copied || !slices.Equal(got.External, next.External) {
		t.Errorf("the record is %+v, want %+v", got, next)
	}
	if got.EpochAge < 0 || got.EpochAge > time.Minute {
		t.Errorf("the epoch is %s old, want a moment", got.EpochAge)
	}
	next.Copied = false
	if changed, err := s.ChangeInstallation(ctx, got, next); err != nil || !changed {
		t.Errorf("a change that leaves the epoch: %v, %v", changed, err)
	}

	if published, err := s.Published(ctx); err != nil || published {
		t.Errorf("published = %v, %v", published, err)
	}
	noError(t, installation.Restored(ctx, s))
	restored, now, err := s.Installation(ctx)
	noError(t, err)
	if restored.Epoch == got.Epoch || restored.Copied || !maps.Equal(restored.Origin, now) || !slices.Equal(restored.External, next.External) {
		t.Errorf("restored, it is %+v", restored)
	}
}

// testInstallationAtOnce: of many changes at once of the same record one is made.
func testInstallationAtOnce(t *testing.T, s Store) {
	t.Helper()
	first, _, err := s.Installation(t.Context())
	noError(t, err)
	var made atomic.Int64
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			next := first
			next.Origin = installation.Origin{"a": "1"}
			changed, err := s.ChangeInstallation(t.Context(), first, next)
			if err != nil {
				t.Error(err)
			}
			if changed {
				made.Add(1)
			}
		})
	}
	group.Wait()
	if n := made.Load(); n != 1 {
		t.Errorf("%d changes were made, want 1", n)
	}
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
