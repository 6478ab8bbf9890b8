package storetest

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
)

// admin does what is recorded in the audit log.
func admin() auth.Principal {
	return auth.Principal{User: user, Caller: user, Key: 9, Prefix: "vit_abcdef", Address: "192.0.2.7", Scopes: auth.Scopes{auth.Admin}}
}

func createKey(t *testing.T, s Store, d auth.KeyDraft) auth.Created {
	t.Helper()
	k, err := auth.NewAccounts(s).CreateKey(t.Context(), admin(), d)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func testKeys(t *testing.T, s Store) {
	t.Helper()
	accounts := auth.NewAccounts(s)
	shop := createKey(t, s, auth.KeyDraft{UserID: user, Name: "Shop", Scopes: auth.Scopes{auth.ProductsRead, auth.ProductsWrite}, Life: time.Hour})
	other := createKey(t, s, auth.KeyDraft{UserID: MoreUsers()[0], Name: "Other", Scopes: auth.Scopes{auth.Operator}})
	if shop.ExpiresAt.Sub(shop.CreatedAt) != time.Hour || !other.ExpiresAt.IsZero() || !shop.LastUsedAt.IsZero() || shop.Prefix != shop.Secret[:len(shop.Prefix)] {
		t.Errorf("made %+v and %+v", shop, other)
	}
	find := func(secret string) (auth.Principal, error) {
		return auth.NewAuthenticator(s, slog.New(slog.DiscardHandler)).Authenticate(t.Context(), secret)
	}
	p, err := find(shop.Secret)
	if err != nil || p.User != user || p.Key != shop.ID || !slices.Equal(p.Scopes, shop.Scopes) {
		t.Errorf("the key is of %+v, %v", p, err)
	}
	if list, more, err := accounts.Keys(t.Context(), user, 0, 1); err != nil || more || len(list) != 1 || !sameKey(list[0], shop.Key) {
		t.Errorf("keys of the user: %+v, %t, %v", list, more, err)
	}
	if list, more, err := accounts.Keys(t.Context(), 0, shop.ID, 1); err != nil || more || len(list) != 1 || !sameKey(list[0], other.Key) {
		t.Errorf("keys beyond the first: %+v, %t, %v", list, more, err)
	}

	if err := s.MarkUsed(t.Context(), []int64{shop.ID}); err != nil {
		t.Fatal(err)
	}
	if k, err := accounts.Key(t.Context(), shop.ID); err != nil || time.Since(k.LastUsedAt).Abs() > time.Hour {
		t.Errorf("a used key: %+v, %v", k, err)
	}

	newEvents(t, s)
	rotated, err := accounts.RotateKey(t.Context(), admin(), shop.ID, 0)
	if err != nil || rotated.UserID != user || rotated.Name != "Shop" || !slices.Equal(rotated.Scopes, shop.Scopes) || rotated.ExpiresAt.Sub(rotated.CreatedAt) != time.Hour {
		t.Fatalf("rotated to %+v, %v", rotated, err)
	}
	wantKeyEvents(t, s, shop.ID)
	_, err = find(shop.Secret)
	wantKind(t, err, fault.Forbidden) // there was no overlap
	if _, err := find(rotated.Secret); err != nil {
		t.Errorf("the new key: %v", err)
	}
	_, err = accounts.RotateKey(t.Context(), admin(), shop.ID, time.Minute)
	wantKind(t, err, fault.Conflict)
	late, err := accounts.RotateKey(t.Context(), admin(), rotated.ID, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if k, err := accounts.Key(t.Context(), rotated.ID); err != nil || time.Until(k.ExpiresAt) > 2*time.Minute || k.Over(time.Now()) {
		t.Errorf("the old key with an overlap: %+v, %v", k, err)
	}
	// The old one once more: what it was made for counts, not what is left of it.
	if twice, err := accounts.RotateKey(t.Context(), admin(), rotated.ID, time.Minute); err != nil || twice.ExpiresAt.Sub(twice.CreatedAt) != time.Hour {
		t.Errorf("rotated again to %+v, %v", twice, err)
	}
	newEvents(t, s)
	for range 2 { // the second time changes nothing
		if k, err := accounts.RevokeKey(t.Context(), admin(), late.ID); err != nil || k.RevokedAt.IsZero() {
			t.Errorf("revoked: %+v, %v", k, err)
		}
	}
	wantKeyEvents(t, s, late.ID)
	_, err = find(late.Secret)
	wantKind(t, err, fault.Forbidden)
	if err := accounts.RemoveUser(t.Context(), admin(), other.UserID); err != nil {
		t.Fatal(err)
	}
	wantKeyEvents(t, s, other.ID)
	_, err = find(other.Secret)
	wantKind(t, err, fault.Forbidden)
	for _, call := range []func() error{
		func() error { _, err := accounts.Key(t.Context(), 999); return err },
		func() error { _, err := accounts.RevokeKey(t.Context(), admin(), 999); return err },
		func() error { _, err := accounts.RotateKey(t.Context(), admin(), 999, 0); return err },
	} {
		wantKind(t, call(), fault.NotFound)
	}
	wantAudit(t, accounts, "key.create", "key.create", "key.rotate", "key.create", "key.rotate", "key.create", "key.rotate", "key.create", "key.revoke", "user.delete")
}

func sameKey(a, b auth.Key) bool {
	return a.ID == b.ID && a.UserID == b.UserID && a.Name == b.Name && a.Prefix == b.Prefix && slices.Equal(a.Scopes, b.Scopes) && a.ExpiresAt.Equal(b.ExpiresAt)
}

// wantKeyEvents asserts that the new events are of these keys, one each.
func wantKeyEvents(t *testing.T, s Store, keys ...int64) {
	t.Helper()
	var got []int64
	for _, e := range newEvents(t, s) {
		if e.Type != events.KeyChanged || e.ProductID != 0 {
			t.Errorf("event %+v", e)
		}
		got = append(got, e.Data.Key)
	}
	if !slices.Equal(got, keys) {
		t.Errorf("events of keys %v, want %v", got, keys)
	}
}

// wantAudit asserts what the audit log has, read in pages of two.
func wantAudit(t *testing.T, accounts *auth.Accounts, want ...string) {
	t.Helper()
	var got []string
	for before, more := int64(0), true; more; {
		var page []auth.Entry
		var err error
		if page, more, err = accounts.Audit(t.Context(), before, 2); err != nil {
			t.Fatal(err)
		}
		for _, e := range page {
			if e.UserID != user || e.KeyPrefix != "vit_abcdef" || e.Address != "192.0.2.7" || e.Outcome != auth.Done || time.Since(e.At).Abs() > time.Hour {
				t.Errorf("entry %+v", e)
			}
			got, before = append(got, e.Action), e.ID
		}
	}
	slices.Reverse(got)
	if !slices.Equal(got, want) {
		t.Errorf("the audit log has %v, want %v", got, want)
	}
}

func testKeyRules(t *testing.T, s Store) {
	t.Helper()
	good := auth.KeyDraft{UserID: user, Name: "Shop", Scopes: auth.Scopes{auth.ProductsRead}}
	for name, spoil := range map[string]func(*auth.KeyDraft){
		"user 0":        func(d *auth.KeyDraft) { d.UserID = 0 },
		"no such user":  func(d *auth.KeyDraft) { d.UserID = 4711 },
		"no name":       func(d *auth.KeyDraft) { d.Name = " " },
		"no scope":      func(d *auth.KeyDraft) { d.Scopes = nil },
		"unknown scope": func(d *auth.KeyDraft) { d.Scopes = auth.Scopes{"products:all"} },
		"scope twice":   func(d *auth.KeyDraft) { d.Scopes = auth.Scopes{auth.Admin, auth.Admin} },
		"long life":     func(d *auth.KeyDraft) { d.Life = auth.MaxLife + time.Second },
		"negative life": func(d *auth.KeyDraft) { d.Life = -1 },
	} {
		d := good
		spoil(&d)
		if _, err := auth.NewAccounts(s).CreateKey(t.Context(), admin(), d); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if has, err := s.HasKeys(t.Context()); err != nil || has {
		t.Errorf("there is a key after refusals: %t, %v", has, err)
	}
	k := createKey(t, s, good)
	if has, err := s.HasKeys(t.Context()); err != nil || !has {
		t.Errorf("there is no key: %t, %v", has, err)
	}
	if _, err := auth.NewAccounts(s).RevokeKey(t.Context(), admin(), k.ID); err != nil {
		t.Fatal(err)
	}
	if has, err := s.HasKeys(t.Context()); err != nil || has {
		t.Errorf("a revoked key can be used: %t, %v", has, err)
	}
	if n, err := s.PurgeAudit(t.Context(), time.Hour, 10); err != nil || n != 0 {
		t.Errorf("purged %d, %v", n, err)
	}
	if n, err := s.PurgeAudit(t.Context(), -time.Hour, 1); err != nil || n != 1 {
		t.Errorf("purged %d, %v", n, err)
	}
}

// testRevocation revokes a key in one process, which another, that knows the key, hears
// of by the log of events.
func testRevocation(t *testing.T, s Store) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	k := createKey(t, s, auth.KeyDraft{UserID: user, Name: "Shop", Scopes: auth.Scopes{auth.ProductsRead}})
	kept := createKey(t, s, auth.KeyDraft{UserID: user, Name: "Kept", Scopes: auth.Scopes{auth.ProductsRead}})
	keys, horizon := auth.NewAuthenticator(s, log), events.NewHorizon(s, events.DefaultHorizonConfig(), log)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read := make(chan struct{})
	announce := sync.OnceFunc(func() { close(read) })
	var following sync.WaitGroup
	following.Go(func() {
		_ = keys.Follow(ctx, func(ctx context.Context) (events.Next, error) {
			tail, err := horizon.Tail(ctx)
			return readTail{tail: tail, read: announce}, err
		})
	})
	defer following.Wait()
	defer cancel()
	select {
	case <-read: // opening the log forgets all keys
	case <-time.After(time.Minute):
		t.Fatal("the log cannot be read")
	}
	if !known(t, keys, k.Secret) || !known(t, keys, kept.Secret) {
		t.Fatal("a key that was looked up is not remembered")
	}
	if _, err := auth.NewAccounts(s).RevokeKey(t.Context(), admin(), k.ID); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if _, ok := keys.Remembered(k.Secret); !ok {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the revocation was not heard of")
		}
	}
	_, err := keys.Authenticate(t.Context(), k.Secret)
	wantKind(t, err, fault.Forbidden)
	if _, ok := keys.Remembered(kept.Secret); !ok {
		t.Error("another key was forgotten, too")
	}
}

// readTail announces each call of Next.
type readTail struct {
	tail events.Next
	read func()
}

func (r readTail) Next(ctx context.Context) (events.Batch, error) {
	r.read()
	return r.tail.Next(ctx)
}

// known looks the key up and reports whether it is remembered then.
func known(t *testing.T, keys *auth.Authenticator, secret string) bool {
	t.Helper()
	if _, err := keys.Authenticate(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	_, ok := keys.Remembered(secret)
	return ok
}
