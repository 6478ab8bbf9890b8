package app

import (
	"errors"
	"log/slog"
	"path/filepath"
	"testing"

	"vitrine.dev/internal/blob/disk"
	"vitrine.dev/internal/installation"
	"vitrine.dev/internal/monitor"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore"
)

// TestReadyAsSoonAsTheInstallationIsKnown: who asks before the database has told which installation this is, as whoever
// has started the process does, is told that the storage is down, and the next one that it is not.
func TestReadyAsSoonAsTheInstallationIsKnown(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	store, err := sqlstore.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "test.db"), log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if _, err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	files, err := disk.New(t.TempDir(), "http://localhost/files")
	if err != nil {
		t.Fatal(err)
	}
	p := &process{
		store: store, log: log, role: role{worker: true}, identity: installation.New(store, []installation.Part{installation.Storage}, log),
	}
	p.watchBlobs(p.guardBlobs(files))
	checks := monitor.New(log, p.checks...)
	if r := checks.Check(t.Context()); r.Parts["storage"] != monitor.Down {
		t.Fatalf("before the installation is known: %+v", r)
	}
	if err := p.identity.Admit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := checks.Check(t.Context()); r.Parts["storage"] != monitor.OK {
		t.Errorf("once the installation is known: %+v", r)
	}
}

// TestAnOldSchemaIsNoAnswer: a database without the tables cannot be read, so a
// process on it is not ready.
func TestAnOldSchemaIsNoAnswer(t *testing.T) {
	t.Parallel()
	store, err := sqlstore.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "test.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	answers := answers(store)
	if err := answers(t.Context()); !errors.Is(err, sqldb.ErrOldSchema) {
		t.Errorf("without a schema: %v", err)
	}
	if _, err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := answers(t.Context()); err != nil {
			t.Errorf("with its schema: %v", err)
		}
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	if err := answers(t.Context()); err == nil {
		t.Error("a closed store answers")
	}
}
