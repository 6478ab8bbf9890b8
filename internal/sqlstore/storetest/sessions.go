package storetest

import (
	"crypto/sha256"
	"errors"
	"log/slog"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/fault"
)

func testSessions(t *testing.T, s Store) {
	t.Helper()
	accounts := auth.NewAccounts(s)
	k := createKey(t, s, auth.KeyDraft{UserID: user, Name: "Operator", Scopes: auth.Scopes{auth.Operator}, Life: time.Hour})
	by := admin()
	by.Key = k.ID
	begin := func() string {
		t.Helper()
		token, err := accounts.BeginSession(t.Context(), by)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	// A new one each time: none remembers what another has looked up.
	find := func(token string) (auth.Principal, error) {
		return auth.NewAuthenticator(s, slog.New(slog.DiscardHandler)).Session(t.Context(), token)
	}
	ended := func(what, token string) {
		t.Helper()
		if p, err := find(token); !errors.Is(err, auth.ErrNoSession) {
			t.Errorf("%s: the session is of %+v, %v", what, p, err)
		}
	}
	one, two := begin(), begin()
	if p, err := find(one); err != nil || p.Key != k.ID || p.User != user || !p.May(auth.Operator) {
		t.Errorf("the session is of %+v, %v", p, err)
	}
	if _, left, err := s.KeyBySession(t.Context(), sha256.Sum256([]byte(one))); err != nil || left <= 0 || left > time.Hour {
		t.Errorf("what is left of a session whose key ends first: %s, %v", left, err)
	}

	newEvents(t, s)
	for range 2 { // the second time changes nothing
		if err := accounts.EndSession(t.Context(), by, one); err != nil {
			t.Fatal(err)
		}
	}
	wantKeyEvents(t, s, k.ID)
	ended("signed out", one)
	if _, err := find(two); err != nil {
		t.Errorf("the other session: %v", err)
	}

	short := sha256.Sum256([]byte("short"))
	if err := s.AddSession(t.Context(), short, k.ID, -time.Second, auth.EntryOf(t.Context(), by, "session.begin")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.KeyBySession(t.Context(), short); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a session that is over: %v", err)
	}
	if n, err := s.PurgeSessions(t.Context(), 10); err != nil || n != 1 {
		t.Errorf("purged %d, %v", n, err)
	}

	if _, err := accounts.RevokeKey(t.Context(), admin(), k.ID); err != nil {
		t.Fatal(err)
	}
	ended("its key is revoked", two)
	if _, err := accounts.BeginSession(t.Context(), by); !errors.Is(err, auth.ErrUnknownKey) {
		t.Errorf("a session of a revoked key: %v", err)
	}
	wantAudit(t, accounts, "key.create", "session.begin", "session.begin", "session.end", "session.begin", "key.revoke")

	gone := createKey(t, s, auth.KeyDraft{UserID: MoreUsers()[0], Name: "Gone", Scopes: auth.Scopes{auth.Admin}})
	by.Key = gone.ID
	token := begin()
	if err := accounts.RemoveUser(t.Context(), admin(), gone.UserID); err != nil {
		t.Fatal(err)
	}
	ended("its user is removed", token)
}
