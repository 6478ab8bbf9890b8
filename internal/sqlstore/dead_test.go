package sqlstore_test

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// TestAdoption: an image that the version before the list failed is found.
func TestAdoption(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "vitrine.db")
	s := openSQLite(t, path)
	p, err := s.CreateProduct(t.Context(), phone())
	if err != nil {
		t.Fatal(err)
	}
	c, _, err := s.Begin(t.Context(), media.Job{ImageID: p.Images[0].ID, ProductID: p.ID, Generation: 1}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Fail(t.Context(), c, fault.Fail(fault.SourceTimeout, "slow", nil)); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), `UPDATE images SET failed_at = 0, failed_user = 0, source_host = ''`); err != nil {
		t.Fatal(err)
	}
	if err := s.TidyDead(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	list, err := s.DeadLetters(t.Context(), failures.Filter{UserID: p.UserID, Host: media.SourceHost(c.SourceURL)}, nil, 10)
	if err != nil || len(list) != 1 || time.Since(list[0].FailedAt) > time.Hour {
		t.Errorf("adopted: %+v, %v", list, err)
	}
}
