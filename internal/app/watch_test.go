package app

import (
	"errors"
	"log/slog"
	"path/filepath"
	"testing"

	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore"
)

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
