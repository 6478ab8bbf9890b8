package auth_test

import (
	"context"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/signing"
)

// lookup is an auth.Lookup with one key.
type lookup struct {
	auth.Store

	digest  auth.Digest
	key     auth.Key
	session auth.Digest
	left    time.Duration
	looks   int
	used    []int64
	failure error
	slow    chan struct{} // a look waits for it
}

func (l *lookup) AddKey(_ context.Context, n auth.NewKey, _ auth.Entry) (auth.Key, error) {
	l.digest, l.key = n.Digest, auth.Key{ID: 7, UserID: n.UserID, Prefix: n.Prefix, Scopes: n.Scopes}
	return l.key, nil
}

func (l *lookup) KeyByDigest(_ context.Context, d auth.Digest) (auth.Key, time.Duration, error) {
	l.looks++
	found := d == l.digest && l.key.ID != 0
	k := l.key
	if l.slow != nil {
		<-l.slow
	}
	switch {
	case l.failure != nil:
		return auth.Key{}, 0, l.failure
	case !found:
		return auth.Key{}, 0, fault.New(fault.NotFound, "there is no such key")
	}
	return k, l.left, nil
}

func (l *lookup) LiveKey(ctx context.Context, id int64) (auth.Key, time.Duration, error) {
	if id != l.key.ID {
		return auth.Key{}, 0, fault.New(fault.NotFound, "there is no such key")
	}
	return l.KeyByDigest(ctx, l.digest)
}

func (l *lookup) AddSession(_ context.Context, d auth.Digest, _ int64, _ time.Duration, _ auth.Entry) error {
	l.session = d
	return nil
}

func (l *lookup) KeyBySession(ctx context.Context, d auth.Digest) (auth.Key, time.Duration, error) {
	if d != l.session {
		return auth.Key{}, 0, fault.New(fault.NotFound, "there is no such session")
	}
	return l.KeyByDigest(ctx, l.digest)
}

func (l *lookup) UserExists(context.Context, int64) (bool, error) { return true, nil }
func (l *lookup) HasKeys(context.Context) (bool, error)           { return true, nil }
func (l *lookup) MarkUsed(_ context.Context, ids []int64) error {
	l.used = append(l.used, ids...)
	return nil
}

func newKey(t *testing.T, l *lookup) string {
	t.Helper()
	k, err := auth.NewAccounts(l).CreateKey(t.Context(), auth.Everyone(), auth.KeyDraft{UserID: 3, Name: "k", Scopes: auth.Scopes{auth.ProductsRead}})
	if err != nil {
		t.Fatal(err)
	}
	return k.Secret
}

func newAuthenticator(l *lookup) *auth.Authenticator {
	return auth.NewAuthenticator(l, slog.New(slog.DiscardHandler))
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	form, seen := regexp.MustCompile(`^vit_[0-9A-Za-z]{36}$`), map[string]bool{}
	for range 1000 {
		l := &lookup{}
		secret := newKey(t, l)
		if !form.MatchString(secret) || seen[secret] {
			t.Fatalf("secret %q", secret)
		}
		seen[secret] = true
		// Every mistyped character is found without a look into the database.
		at := len(seen) % len(secret)
		wrong := byte('x')
		if secret[at] == wrong {
			wrong = 'y'
		}
		mistyped := secret[:at] + string(wrong) + secret[at+1:]
		for _, s := range []string{mistyped, secret + "0", secret[1:], secret[:len(secret)-1], "", "vit_", strings.ToLower(secret)} {
			if s == secret {
				continue
			}
			if _, err := newAuthenticator(l).Authenticate(t.Context(), s); !errors.Is(err, auth.ErrMistyped) || l.looks > 0 {
				t.Fatalf("%q for %q: %v, %d looks", s, secret, err, l.looks)
			}
		}
	}
}

func TestKeyIsRememberedForAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &lookup{}
		secret, a := newKey(t, l), newAuthenticator(l)
		for _, c := range []struct {
			after time.Duration
			left  time.Duration // that the key has, 0 for ever
			looks int
		}{{0, 0, 1}, {29 * time.Second, 0, 1}, {time.Second, 10 * time.Second, 2}, {9 * time.Second, 0, 2}, {time.Second, 0, 3}} {
			time.Sleep(c.after)
			l.left = c.left
			p, err := a.Authenticate(t.Context(), secret)
			if err != nil || p.User != 3 || p.Key != 7 || l.looks != c.looks {
				t.Errorf("%s later: %+v, %v after %d looks, want %d", c.after, p, err, l.looks, c.looks)
			}
		}
		l.failure = fault.New(fault.Unavailable, "no database")
		if _, err := a.Authenticate(t.Context(), secret); err != nil {
			t.Errorf("a key that was looked up just now: %v", err)
		}
		time.Sleep(30 * time.Second)
		if _, err := a.Authenticate(t.Context(), secret); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("without a database: %v", err)
		}
	})
}

// tail is a log of events.
type tail chan events.Batch

func (t tail) Next(ctx context.Context) (events.Batch, error) {
	select {
	case b, ok := <-t:
		if !ok {
			return b, fault.New(fault.Unavailable, "no database")
		}
		return b, nil
	case <-ctx.Done():
		return events.Batch{}, ctx.Err()
	}
}

func TestRevocationDuringALook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &lookup{}
		secret, a, log := newKey(t, l), newAuthenticator(l), make(tail)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go func() { _ = a.Follow(ctx, func(context.Context) (events.Next, error) { return log, nil }) }()
		synctest.Wait()
		l.slow = make(chan struct{})
		found := make(chan error)
		go func() { _, err := a.Authenticate(ctx, secret); found <- err }()
		synctest.Wait() // it has read the key, which is revoked now
		log <- events.Batch{Events: []events.Event{{Type: events.KeyChanged, Data: events.Data{Key: 7}}}}
		synctest.Wait()
		close(l.slow)
		if err := <-found; err != nil {
			t.Fatal(err)
		}
		if _, ok := a.Remembered(secret); ok {
			t.Error("what was read before the revocation is remembered")
		}
	})
}

// TestLooksAreShared: many requests with one key cause one look, which does not end with the
// first of them; one that comes after a change was heard of looks for itself.
func TestLooksAreShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &lookup{slow: make(chan struct{})}
		secret, a, log := newKey(t, l), newAuthenticator(l), make(tail)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go func() { _ = a.Follow(ctx, func(context.Context) (events.Next, error) { return log, nil }) }()
		synctest.Wait()
		first, leave := context.WithCancel(ctx)
		left, found := make(chan error), make(chan error)
		go func() { _, err := a.Authenticate(first, secret); left <- err }()
		synctest.Wait()
		for range 50 {
			go func() { _, err := a.Authenticate(ctx, secret); found <- err }()
		}
		synctest.Wait()
		leave()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("who left: %v", err)
		}
		if l.looks != 1 {
			t.Errorf("%d looks for one key", l.looks)
		}
		log <- events.Batch{Events: []events.Event{{Type: events.KeyChanged, Data: events.Data{Key: 8}}}}
		synctest.Wait()
		go func() { _, err := a.Authenticate(ctx, secret); found <- err }()
		synctest.Wait()
		if l.looks != 2 {
			t.Errorf("%d looks, want another one after a change", l.looks)
		}
		close(l.slow)
		for range 51 {
			if err := <-found; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestEveryKeyIsLookedUpAgainAfterAGap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &lookup{}
		secret, a := newKey(t, l), newAuthenticator(l)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		log := make(chan tail, 1)
		first := make(tail)
		log <- first
		go func() {
			_ = a.Follow(ctx, func(ctx context.Context) (events.Next, error) {
				select {
				case next := <-log:
					return next, nil
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			})
		}()
		synctest.Wait()
		forgotten := func(what string, cause func()) {
			t.Helper()
			if _, err := a.Authenticate(ctx, secret); err != nil {
				t.Fatal(err)
			}
			if _, ok := a.Remembered(secret); !ok {
				t.Fatal("the key is not remembered")
			}
			cause()
			synctest.Wait()
			if _, ok := a.Remembered(secret); ok {
				t.Errorf("%s: the key is still remembered", what)
			}
		}
		forgotten("events were removed unread", func() { first <- events.Batch{Skipped: 3} })
		forgotten("the log could not be read for a while", func() {
			close(first)
			time.Sleep(time.Second)
			log <- make(tail)
		})
	})
}

func TestUseIsRecordedOnceAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &lookup{}
		secret, a := newKey(t, l), newAuthenticator(l)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- a.RecordUse(ctx) }()
		for range 100 {
			if _, err := a.Authenticate(ctx, secret); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if len(l.used) != 1 {
			t.Errorf("recorded %v in 100 seconds", l.used)
		}
		stop()
		if err := <-done; err != nil || len(l.used) != 2 {
			t.Errorf("recorded %v at the end, %v", l.used, err)
		}
	})
}

func TestPrincipals(t *testing.T) {
	t.Parallel()
	var noOne auth.Principal
	if noOne.Owns(0) || noOne.Owns(1) || noOne.Reads(0) || noOne.May(auth.ProductsRead) {
		t.Error("no one may do something")
	}
	if p := auth.From(t.Context()); p.Owns(0) || p.May(auth.ProductsRead) {
		t.Error("a context without a principal lets one do something")
	}
	shop := auth.Principal{User: 3, Scopes: auth.Scopes{auth.ProductsRead}}
	for named, want := range map[int64]int64{0: 3, 3: 3} {
		if user, err := shop.For(named); err != nil || user != want {
			t.Errorf("a request that names user %d is of %d, %v", named, user, err)
		}
	}
	if _, err := shop.ForReading(4); !errors.Is(err, auth.ErrForeignUser) {
		t.Errorf("a request that names another user: %v", err)
	}
	operator := auth.Principal{User: 3, Scopes: auth.Scopes{auth.Operator}}
	if user, err := operator.ForReading(0); err != nil || user != 0 || !operator.Reads(4) || operator.Owns(4) {
		t.Errorf("an operator reads of %d, %v", user, err)
	}
	everyone := auth.Everyone()
	if user, err := everyone.For(4); err != nil || user != 4 || !everyone.Owns(4) || everyone.Actor() != 0 {
		t.Errorf("everyone: %d, %v", user, err)
	}
}

func TestAttempts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := auth.NewAttempts()
		for i := range 20 {
			if a.Wait("one") > 0 {
				t.Fatalf("has to wait after %d failures", i)
			}
			a.Failed("one")
		}
		wait := a.Wait("one")
		if wait <= 0 || wait > 3*time.Second || a.Wait("other") > 0 {
			t.Errorf("waits %s, the other %s", wait, a.Wait("other"))
		}
		time.Sleep(wait)
		if a.Wait("one") > 0 {
			t.Error("has to wait for longer than was said")
		}
		// The addresses of an attack push out no one who is still limited, for a while.
		a.Failed("one")
		for i := range 60_000 {
			a.Failed(strings.Repeat("x", i%7) + string(rune(i)))
		}
		if a.Wait("one") == 0 {
			t.Error("the limit was forgotten")
		}
	})
}

// auditLog counts what is written.
type auditLog struct {
	auth.Store

	entries []auth.Entry
}

func (l *auditLog) AppendAudit(_ context.Context, e auth.Entry) error {
	l.entries = append(l.entries, e)
	return nil
}

// TestRefusalsAreBounded: of each key one a second is written, and of no more keys than are
// remembered.
func TestRefusalsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &auditLog{}
		accounts := auth.NewAccounts(l)
		refuse := func(key int64) {
			if err := accounts.RecordRefused(t.Context(), auth.Principal{Key: key, Caller: 1, Prefix: "vit_x"}, "POST /users", "/users"); err != nil {
				t.Fatal(err)
			}
		}
		for range 10 {
			for range 1000 {
				refuse(1)
				refuse(2)
			}
			time.Sleep(time.Second)
		}
		if n := len(l.entries); n != 20 || l.entries[0].Outcome != "refused" || l.entries[0].KeyPrefix != "vit_x" {
			t.Errorf("%d entries of two keys in ten seconds, the first %+v", n, l.entries[0])
		}
		l.entries = nil
		for range 2 {
			for key := range int64(12_000) {
				refuse(key)
			}
			time.Sleep(time.Second)
		}
		if n := len(l.entries); n != 20_000 {
			t.Errorf("%d entries of 12,000 keys in two seconds", n)
		}
	})
}

// signingStore has one key.
type signingStore struct{ key signing.Secret }

func (s *signingStore) SigningKeys(context.Context, signing.Secret) ([]signing.Key, error) {
	return []signing.Key{{Secret: s.key}}, nil
}

// TestSigningKeysAreFollowed: a process that does nothing else knows at once that its signing
// key was replaced, also where that was in a gap of the log or before it was open.
func TestSigningKeysAreFollowed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &signingStore{}
		keys := signing.New(s, slog.New(slog.DiscardHandler))
		sign := func() string {
			text, err := keys.Seal(t.Context(), signing.Cursors, nil, []byte("x"))
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		first, second := make(tail), make(tail)
		logs := []tail{first, second}
		go func() {
			_ = auth.FollowSigning(ctx, keys, func(context.Context) (events.Next, error) {
				next := logs[0]
				logs = logs[1:]
				return next, nil
			}, slog.New(slog.DiscardHandler))
		}()
		synctest.Wait()
		for name, heard := range map[string]func(){
			"an event": func() { first <- events.Batch{Events: []events.Event{{Type: events.SigningChanged}}} },
			"a gap":    func() { first <- events.Batch{Skipped: 1} },
		} {
			before := sign()
			s.key = signing.NewSecret()
			first <- events.Batch{Events: []events.Event{{Type: events.KeyChanged}, {Type: events.ProductCreated}}}
			synctest.Wait()
			if sign() != before {
				t.Errorf("before %s the key was read again", name)
			}
			heard()
			synctest.Wait()
			if sign() == before {
				t.Errorf("after %s it signs with the former key", name)
			}
		}
		before := sign()
		s.key = signing.NewSecret()
		close(first)
		time.Sleep(time.Minute)
		synctest.Wait()
		if sign() == before {
			t.Error("after the log was opened again it signs with the former key")
		}
	})
}
