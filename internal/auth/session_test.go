package auth_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/events"
)

// TestSessionEndsWithItsKey: a session is remembered as its key is, and forgotten with it.
func TestSessionEndsWithItsKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &lookup{}
		newKey(t, l)
		a, log := newAuthenticator(l), make(tail)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go func() { _ = a.Follow(ctx, func(context.Context) (events.Next, error) { return log, nil }) }()
		synctest.Wait()
		token, err := auth.NewAccounts(l).BeginSession(ctx, auth.Principal{Key: 7})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if p, err := a.Session(ctx, token); err != nil || p.Key != 7 || p.User != 3 {
				t.Fatalf("the session is of %+v, %v", p, err)
			}
		}
		if l.looks != 1 {
			t.Errorf("%d looks for one session", l.looks)
		}
		l.key.ID = 0 // the key is revoked
		log <- events.Batch{Events: []events.Event{{Type: events.KeyChanged, Data: events.Data{Key: 7}}}}
		synctest.Wait()
		if _, err := a.Session(ctx, token); !errors.Is(err, auth.ErrNoSession) {
			t.Errorf("the session of a revoked key: %v", err)
		}
		for _, wrong := range []string{"", token[1:], token + "A", strings.ToLower(token)} {
			if _, err := a.Session(ctx, wrong); !errors.Is(err, auth.ErrNoSession) {
				t.Errorf("token %q: %v", wrong, err)
			}
		}
	})
}
