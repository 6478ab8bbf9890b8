package app

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"vitrine.dev/internal/app/config"
	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/sqlstore"
)

// TestWhoWakesTheDispatcher: where it is the only one, a commit of another process does, as
// that of an API over the same folder; else that process has a dispatcher itself.
func TestWhoWakesTheDispatcher(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "test.db")
	open := func() *sqlstore.Store {
		t.Helper()
		store, err := sqlstore.OpenSQLite(t.Context(), path, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		})
		return store
	}
	here, there := open(), open()
	if _, err := here.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	alone := (&process{store: here}).wake()(t.Context())
	one := (&process{store: here, cfg: config.Config{QueueHost: "broker"}}).wake()(t.Context())
	heard := false
	for deadline := time.Now().Add(20 * time.Second); !heard && time.Now().Before(deadline); {
		if _, err := there.AddUser(t.Context(), auth.UserDraft{Name: "Another"}, auth.Entry{}); err != nil {
			t.Fatal(err)
		}
		select {
		case <-alone:
			heard = true
		case <-time.After(time.Second):
		}
	}
	if !heard {
		t.Error("the only dispatcher was not woken by another process")
	}
	select {
	case <-one:
		t.Error("one of several dispatchers was woken by another process")
	default:
	}
}
