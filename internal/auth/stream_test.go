package auth_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/signing"
)

type oneSecret signing.Secret

func (s oneSecret) SigningKeys(context.Context, signing.Secret) ([]signing.Key, error) {
	return []signing.Key{{Secret: signing.Secret(s)}}, nil
}

// lasting is a lookup whose key changes while others look.
type lasting struct {
	lookup

	mu sync.Mutex
}

func (l *lasting) LiveKey(ctx context.Context, id int64) (auth.Key, time.Duration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lookup.LiveKey(ctx, id)
}

// after changes it after a while.
func (l *lasting) after(d time.Duration, failure error, key auth.Key, left time.Duration) {
	time.AfterFunc(d, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.failure, l.key, l.left = failure, key, left
	})
}

// TestHold: what lasts ends with its key, however that ends, and with nothing else.
func TestHold(t *testing.T) {
	t.Parallel()
	changed := func(key int64) events.Batch {
		return events.Batch{Events: []events.Event{{Type: events.KeyChanged, Data: events.Data{Key: key}}}}
	}
	for name, c := range map[string]struct {
		change func(l *lasting, key auth.Key) // what happens to the key
		heard  events.Batch                   // a moment later
		within time.Duration                  // that the end comes; 0: it does not
	}{
		"revoked":                {func(l *lasting, _ auth.Key) { l.after(0, nil, auth.Key{}, 0) }, changed(7), 2 * time.Millisecond},
		"revoked, another heard": {func(l *lasting, _ auth.Key) { l.after(0, nil, auth.Key{}, 0) }, changed(8), 30 * time.Second},
		"revoked in a gap":       {func(l *lasting, _ auth.Key) { l.after(0, nil, auth.Key{}, 0) }, events.Batch{Skipped: 1}, 2 * time.Millisecond},
		"replaced": {func(l *lasting, key auth.Key) {
			l.after(0, nil, key, 10*time.Second)
			l.after(10*time.Second, nil, auth.Key{}, 0)
		}, changed(7), 11 * time.Second},
		"revoked in an outage": {func(l *lasting, key auth.Key) {
			l.after(0, fault.New(fault.Unavailable, "no database"), key, 0)
			l.after(5*time.Second, nil, auth.Key{}, 0)
		}, changed(7), 8 * time.Second},
		"not at all": {func(*lasting, auth.Key) {}, changed(8), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l, log := &lasting{}, make(tail)
				newKey(t, &l.lookup)
				a := auth.NewAuthenticator(l, slog.New(slog.DiscardHandler))
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				go func() { _ = a.Follow(ctx, func(context.Context) (events.Next, error) { return log, nil }) }()
				held, cancel := a.Hold(ctx, auth.Principal{User: 3, Key: 7})
				defer cancel()
				forAll, cancelAll := a.Hold(ctx, auth.Everyone())
				time.Sleep(time.Second)
				synctest.Wait()
				if held.Err() != nil {
					t.Fatal("it ended before its key")
				}
				c.change(l, l.key)
				time.Sleep(time.Millisecond)
				log <- c.heard
				time.Sleep(c.within)
				synctest.Wait()
				if c.within == 0 {
					time.Sleep(10 * time.Minute)
					synctest.Wait()
				}
				if ended := held.Err() != nil; ended != (c.within > 0) || ended && !errors.Is(context.Cause(held), auth.ErrUnknownKey) {
					t.Errorf("ended: %t, %v", ended, context.Cause(held))
				}
				if forAll.Err() != nil {
					t.Error("what has no key has ended")
				}
				cancelAll()
				if !errors.Is(context.Cause(forAll), context.Canceled) {
					t.Error(context.Cause(forAll))
				}
			})
		})
	}
}

// TestStreamTokens: they stand for the user and the key of who made them, read only, for a minute.
func TestStreamTokens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &lookup{}
		newKey(t, l)
		secret := oneSecret(signing.NewSecret())
		log := slog.New(slog.DiscardHandler)
		here := auth.NewStreamTokens(signing.New(secret, log), nil)
		there := auth.NewStreamTokens(signing.New(secret, log), newAuthenticator(l))
		foreign := auth.NewStreamTokens(signing.New(oneSecret(signing.NewSecret()), log), nil)
		admin := auth.Principal{User: 4, Caller: 3, Key: 7, Prefix: "vit_x", Scopes: auth.Scopes{auth.Admin}}
		token, expires, err := here.Make(t.Context(), admin)
		if err != nil || time.Until(expires) > time.Minute || time.Until(expires) < 58*time.Second {
			t.Fatalf("%s, until %s, %v", token, expires, err)
		}
		p, err := there.Principal(t.Context(), token)
		if err != nil || p.User != 4 || p.Caller != 3 || p.Key != 7 || p.Prefix != l.key.Prefix || !p.May(auth.ProductsRead) ||
			p.May(auth.ProductsWrite) || p.May(auth.Admin) || p.ForAll() {
			t.Errorf("%+v, %v", p, err)
		}
		cursor, err := signing.New(secret, log).Seal(t.Context(), signing.Cursors, nil, make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
		short, err := signing.New(secret, log).Seal(t.Context(), signing.StreamTokens, nil, make([]byte, 31))
		if err != nil {
			t.Fatal(err)
		}
		other, _, err := foreign.Make(t.Context(), admin)
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range []string{"", "x", token[:len(token)-1], token + "A", cursor, short, other} {
			if p, err := there.Principal(t.Context(), wrong); !errors.Is(err, auth.ErrStreamToken) {
				t.Errorf("%q is of %+v, %v", wrong, p, err)
			}
		}
		l.failure = fault.New(fault.Unavailable, "no database")
		if _, err := there.Principal(t.Context(), token); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("in an outage: %v", err)
		}
		l.failure = nil
		time.Sleep(57 * time.Second)
		if _, err := there.Principal(t.Context(), token); err != nil {
			t.Errorf("in its last seconds: %v", err)
		}
		key := l.key
		l.key = auth.Key{}
		if _, err := there.Principal(t.Context(), token); !errors.Is(err, auth.ErrStreamToken) {
			t.Errorf("of a key that was revoked: %v", err)
		}
		l.key = key
		time.Sleep(3 * time.Second)
		if _, err := there.Principal(t.Context(), token); !errors.Is(err, auth.ErrStreamToken) {
			t.Errorf("after a minute: %v", err)
		}
	})
}
