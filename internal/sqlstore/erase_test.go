package sqlstore_test

import (
	"errors"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/sqlstore/storetest"
	"vitrine.dev/internal/testserver"
)

// TestKeyOfAUserWhoIsErased: a key that is made while the transaction which marks its user
// as erased has not committed waits for that, and is refused then. Without a lock of the user's row
// it would see the user as it was, and be valid until the end of the job.
func TestKeyOfAUserWhoIsErased(t *testing.T) {
	t.Parallel()
	s := storetest.OpenPostgres(t, testserver.Postgres(t))
	accounts := auth.NewAccounts(s)
	u, err := accounts.AddUser(t.Context(), auth.Everyone(), auth.UserDraft{Name: "Rich"})
	if err != nil {
		t.Fatal(err)
	}
	tx, err := s.Writer.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(t.Context(), `UPDATE users SET erasing_at = 1 WHERE id = $1`, u.ID); err != nil {
		t.Fatal(err)
	}
	made := make(chan error, 1)
	go func() {
		_, err := accounts.CreateKey(t.Context(), auth.Everyone(), auth.KeyDraft{UserID: u.ID, Name: "late", Scopes: auth.Scopes{auth.ProductsRead}})
		made <- err
	}()
	for waiting := 0; waiting == 0; time.Sleep(5 * time.Millisecond) {
		select {
		case err := <-made:
			t.Fatalf("the key did not wait for the user: %v", err)
		default:
		}
		err := s.Reader.QueryRowContext(t.Context(), `
			SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&waiting)
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-made; !errors.Is(err, auth.ErrUnknownUser) {
		t.Errorf("a key of a user who is erased: %v", err)
	}
}
