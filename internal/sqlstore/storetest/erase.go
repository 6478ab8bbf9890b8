package storetest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/job"
)

// rich is a user with products that have images, a key, and an idempotency key.
func rich(t *testing.T, s Store, products int) (auth.User, auth.Created) {
	t.Helper()
	accounts := auth.NewAccounts(s)
	u, err := accounts.AddUser(t.Context(), admin(), auth.UserDraft{Name: "Rich"})
	if err != nil {
		t.Fatal(err)
	}
	k, err := accounts.CreateKey(t.Context(), admin(), auth.KeyDraft{UserID: u.ID, Name: "k", Scopes: auth.Scopes{auth.ProductsWrite}})
	if err != nil {
		t.Fatal(err)
	}
	for range products {
		_, err := s.CreateProduct(t.Context(), catalog.NewProduct{UserID: u.ID, Name: "Lamp", Images: []string{"http://a.example/1.jpg", "http://a.example/2.jpg"}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := s.CreateProductOnce(t.Context(), catalog.NewProduct{UserID: u.ID, Name: "Once"}, catalog.Once{Key: "k", TTL: time.Hour}); err != nil {
		t.Fatal(err)
	}
	return u, k
}

// testErase: every step is done by another process, as if each had died after its commit,
// and nothing of the user is left.
func testErase(t *testing.T, s Store) {
	t.Helper()
	accounts := auth.NewAccounts(s)
	u, k := rich(t, s, 4)
	const outlived = 12 // idempotency keys whose products are gone
	for i := range outlived {
		p, _, err := s.CreateProductOnce(t.Context(), catalog.NewProduct{UserID: u.ID, Name: "Gone"}, catalog.Once{Key: fmt.Sprintf("gone %d", i), TTL: time.Hour})
		if err == nil {
			_, err = s.DeleteProduct(t.Context(), p.ID, func(int64, int64) error { return nil })
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	const keys = 12 // API keys, beside the one
	for range keys {
		if _, err := accounts.CreateKey(t.Context(), admin(), auth.KeyDraft{UserID: u.ID, Name: "more", Scopes: auth.Scopes{auth.ProductsRead}}); err != nil {
			t.Fatal(err)
		}
	}
	if u.ErasingSince != (time.Time{}) {
		t.Errorf("erased since %s", u.ErasingSince)
	}
	newEvents(t, s)
	mine, err := s.CreateProduct(t.Context(), catalog.NewProduct{UserID: user, Name: "Mine", Images: []string{"http://a.example/1.jpg"}})
	if err != nil {
		t.Fatal(err)
	}
	j, err := accounts.EraseUser(t.Context(), admin(), u.ID)
	if err != nil || j.Total != 5 || j.Done != 0 || j.State != job.Running || j.Kind != auth.KindErasure {
		t.Fatalf("EraseUser = %+v, %v", j, err)
	}
	if again, err := accounts.EraseUser(t.Context(), admin(), u.ID); err != nil || again.ID != j.ID {
		t.Errorf("asked for again: %+v, %v", again, err)
	}
	wantErasing(t, s, u.ID, k)
	if got, err := accounts.User(t.Context(), u.ID); err != nil || !got.ErasingSince.Equal(j.AsOf) {
		t.Errorf("the user is %+v, %v; the job is as of %s", got, err, j.AsOf)
	}
	if list, _, err := accounts.Users(t.Context(), u.ID-1, 1); err != nil || len(list) != 1 || !list[0].ErasingSince.Equal(j.AsOf) {
		t.Errorf("the user is listed as %+v, %v", list, err)
	}
	if list, err := s.Jobs(t.Context(), failureKinds(), 0, 10); err != nil || len(list) != 0 {
		t.Errorf("jobs of failures are %+v, %v", list, err)
	}
	var deleted []int64
	steps, before := 0, keys+1
	for holder := "a"; j.State == job.Running; holder += "a" {
		if leased := lease(t, s, holder); leased.ID != j.ID || leased.Done != int64(len(deleted)) {
			t.Fatalf("leased %+v", leased)
		}
		var changed []catalog.Changed
		if j, changed, err = s.AdvanceErasure(t.Context(), job.Batch{JobID: j.ID, Holder: holder, Limit: 2, Lease: time.Minute}); err != nil {
			t.Fatal(err)
		}
		for _, c := range changed {
			if c.UserID != u.ID {
				t.Errorf("changed %+v", c)
			}
			deleted = append(deleted, c.ProductID)
		}
		if err := s.EndLeases(t.Context()); err != nil { // its process is dead
			t.Fatal(err)
		}
		if left, _, err := accounts.Keys(t.Context(), u.ID, 0, 100); err != nil || j.State == job.Running && steps > 0 && len(left) < before-2 {
			t.Errorf("step %d: %d keys are left of %d, %v", steps, len(left), before, err)
		} else {
			before = len(left)
		}
		if steps++; steps > 30 {
			t.Fatalf("no end: %+v", j)
		}
	}
	if j.State != job.Done || j.Done != 5 || len(deleted) != 5 || steps <= outlived/2+keys/2 || j.FinishedAt.IsZero() {
		t.Errorf("ended as %+v after %d steps, deleted %v", j, steps, deleted)
	}
	wantErased(t, s, u.ID, k, j)
	if _, err := s.Product(t.Context(), mine.ID); err != nil {
		t.Errorf("another's product: %v", err)
	}
	_, _, err = s.AdvanceErasure(t.Context(), job.Batch{JobID: j.ID, Holder: "a", Limit: 2, Lease: time.Minute})
	wantKind(t, err, fault.Conflict)
}

// wantErasing asserts that nothing more can be made for the user.
func wantErasing(t *testing.T, s Store, id int64, k auth.Created) {
	t.Helper()
	_, err := auth.NewAuthenticator(s, slog.New(slog.DiscardHandler)).Authenticate(t.Context(), k.Secret)
	if !errors.Is(err, auth.ErrUnknownKey) {
		t.Errorf("the key: %v", err)
	}
	if known, err := s.UserExists(t.Context(), id); err != nil || known {
		t.Errorf("UserExists = %t, %v", known, err)
	}
	_, err = s.CreateProduct(t.Context(), catalog.NewProduct{UserID: id, Name: "Late"})
	wantKind(t, err, fault.Invalid)
	_, _, err = s.CreateProductOnce(t.Context(), catalog.NewProduct{UserID: id, Name: "Late"}, catalog.Once{Key: "late", TTL: time.Hour})
	wantKind(t, err, fault.Invalid)
	accounts := auth.NewAccounts(s)
	_, err = accounts.CreateKey(t.Context(), admin(), auth.KeyDraft{UserID: id, Name: "late", Scopes: auth.Scopes{auth.ProductsRead}})
	wantKind(t, err, fault.Invalid)
	_, err = accounts.RotateKey(t.Context(), admin(), k.ID, 0)
	wantKind(t, err, fault.Conflict)
	if err := accounts.RemoveUser(t.Context(), admin(), id); fault.KindOf(err) != fault.Conflict {
		t.Errorf("removed without cascade: %v", err)
	}
}

// wantErased asserts that only the job, the audit log and events are left of the user.
func wantErased(t *testing.T, s Store, id int64, k auth.Created, j job.Job) {
	t.Helper()
	accounts := auth.NewAccounts(s)
	_, err := accounts.User(t.Context(), id)
	wantKind(t, err, fault.NotFound)
	_, err = accounts.Key(t.Context(), k.ID)
	wantKind(t, err, fault.NotFound)
	if got, err := accounts.Erasure(t.Context(), id); err != nil || got.ID != j.ID || got.State != job.Done {
		t.Errorf("the job is read as %+v, %v", got, err)
	}
	_, err = accounts.EraseUser(t.Context(), admin(), id)
	wantKind(t, err, fault.NotFound)
	entries, _, err := accounts.Audit(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var actions []string
	for _, e := range entries {
		if strings.HasPrefix(e.Action, "user.erase") {
			actions = append(actions, e.Action+" "+e.Target)
		}
	}
	if len(actions) != 2 {
		t.Errorf("audited %q", actions)
	}
	gone := 0
	for _, e := range newEvents(t, s) {
		if e.Type == events.ProductDeleted && e.UserID == id {
			gone++
		}
	}
	if gone != int(j.Done) {
		t.Errorf("%d products are announced as deleted, want %d", gone, j.Done)
	}
}

// testEraseNoOne: a user who does not exist, one without products, and one who was removed
// before the job came to it.
func testEraseNoOne(t *testing.T, s Store) {
	t.Helper()
	accounts := auth.NewAccounts(s)
	_, err := accounts.EraseUser(t.Context(), admin(), 4711)
	wantKind(t, err, fault.NotFound)
	_, err = accounts.Erasure(t.Context(), user)
	wantKind(t, err, fault.NotFound)
	for _, remove := range []bool{false, true} {
		u, err := accounts.AddUser(t.Context(), admin(), auth.UserDraft{Name: "Poor"})
		if err != nil {
			t.Fatal(err)
		}
		j, err := accounts.EraseUser(t.Context(), admin(), u.ID)
		if err != nil || j.Total != 0 {
			t.Fatalf("EraseUser = %+v, %v", j, err)
		}
		if remove {
			if err := accounts.RemoveUser(t.Context(), admin(), u.ID); err != nil {
				t.Fatal(err)
			}
		}
		if j = eraseAll(t, s, j.ID); j.State != job.Done {
			t.Errorf("ended as %+v", j)
		}
		_, err = accounts.User(t.Context(), u.ID)
		wantKind(t, err, fault.NotFound)
	}
}

// eraseAll does the steps of a job, which may lose a race against a create.
func eraseAll(t *testing.T, s Store, id int64) job.Job {
	t.Helper()
	lease(t, s, "eraser")
	for tries := 0; ; tries++ {
		j, _, err := s.AdvanceErasure(t.Context(), job.Batch{JobID: id, Holder: "eraser", Limit: 200, Lease: time.Minute})
		switch {
		case tries > 1000, err != nil && tries > 100:
			t.Fatalf("after %d steps: %+v, %v", tries, j, err)
		case err == nil && j.State != job.Running:
			return j
		}
	}
}

// testEraseRace has products and keys created while the user is erased: whichever was
// accepted is gone in the end, and none is refused for another reason than the user.
func testEraseRace(t *testing.T, s Store) {
	t.Helper()
	accounts := auth.NewAccounts(s)
	u, _ := rich(t, s, 3)
	var creators sync.WaitGroup
	defer creators.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // creates that are not refused have no end
	defer cancel()
	begun := make(chan struct{}, 6)
	for i := range 6 {
		creators.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				err := createSome(ctx, s, u.ID, i, n)
				if n == 0 {
					begun <- struct{}{}
				}
				if err != nil {
					if fault.KindOf(err) != fault.Invalid && ctx.Err() == nil {
						t.Errorf("a create was refused: %v", err)
					}
					return
				}
			}
		})
	}
	for range 6 {
		<-begun
	}
	j, err := accounts.EraseUser(t.Context(), admin(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	if j = eraseAll(t, s, j.ID); j.State != job.Done {
		t.Errorf("ended as %+v", j)
	}
	creators.Wait()
	if ctx.Err() != nil {
		t.Error("creates for a user who is erased were not refused")
	}
	_, err = accounts.User(t.Context(), u.ID)
	wantKind(t, err, fault.NotFound)
	if list, err := s.ListKeys(t.Context(), u.ID, 0, 10); err != nil || len(list) != 0 {
		t.Errorf("keys are left: %+v, %v", list, err)
	}
}

// createSome creates for the user what the number says: a product, one with a key of a
// client, or an API key.
func createSome(ctx context.Context, s Store, id int64, creator, n int) error {
	switch creator % 3 {
	case 0:
		_, err := s.CreateProduct(ctx, catalog.NewProduct{UserID: id, Name: "Race", Images: []string{"http://a.example/1.jpg"}})
		return err
	case 1:
		key := strings.Repeat("k", n%50+1)
		_, _, err := s.CreateProductOnce(ctx, catalog.NewProduct{UserID: id, Name: "Race"}, catalog.Once{Key: key, TTL: time.Millisecond})
		return err
	default:
		_, err := auth.NewAccounts(s).CreateKey(ctx, admin(), auth.KeyDraft{UserID: id, Name: "race", Scopes: auth.Scopes{auth.ProductsRead}})
		return err
	}
}
