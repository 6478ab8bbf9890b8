package auth

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
)

const (
	// trustedFor is for how long a key is taken for valid without another look: what a
	// revocation takes at most where the log of events cannot be read.
	trustedFor = 30 * time.Second
	// maxKnown bounds the keys that are remembered.
	maxKnown = 10_000
	// usedEvery is how often it is written which keys were used.
	usedEvery = time.Minute
)

var (
	// ErrUnknownKey is the answer to a key that no one has.
	ErrUnknownKey = fault.New(fault.Forbidden, "the API key is not valid: it is unknown, expired or revoked")
	// ErrMistyped is the answer to what is no key at all, for which no one was asked.
	ErrMistyped = fault.New(fault.Forbidden, "the API key is mistyped: its form or its checksum is wrong")
	// ErrNoAdmin is the answer to who acts for another user without being an admin.
	ErrNoAdmin = fault.New(fault.Forbidden, "only a key with the scope admin may act for another user")
)

// Authenticator finds out whose a key is. It is safe for concurrent use.
type Authenticator struct {
	store Lookup
	log   *slog.Logger
	looks singleflight.Group

	mu      sync.Mutex
	known   map[Digest]known
	changes int64 // of keys that were heard of: a look that began before one is not remembered
	used    map[int64]struct{}
	holds   map[*held]struct{}
}

// known is a key that was valid when it was looked up.
type known struct {
	key   Key
	until time.Time // to be looked up again
}

// NewAuthenticator returns an Authenticator.
func NewAuthenticator(store Lookup, log *slog.Logger) *Authenticator {
	return &Authenticator{store: store, log: log, known: map[Digest]known{}, used: map[int64]struct{}{}, holds: map[*held]struct{}{}}
}

// Remembered returns the principal of a key that was looked up a short time ago.
func (a *Authenticator) Remembered(secret string) (Principal, bool) {
	if !wellFormed(secret) {
		return Principal{}, false
	}
	return a.remembered(digest(secret))
}

func (a *Authenticator) remembered(d Digest) (Principal, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	k, ok := a.known[d]
	if !ok || !time.Now().Before(k.until) {
		return Principal{}, false
	}
	a.used[k.key.ID] = struct{}{}
	return k.key.principal(), true
}

// Authenticate returns the principal of a key. ErrMistyped, ErrUnknownKey;
// fault.Unavailable.
func (a *Authenticator) Authenticate(ctx context.Context, secret string) (Principal, error) {
	if !wellFormed(secret) {
		return Principal{}, ErrMistyped
	}
	return a.find(ctx, digest(secret), a.store.KeyByDigest)
}

// lookUp returns the live key that the digest is of, or stands for.
type lookUp = func(ctx context.Context, d Digest) (Key, time.Duration, error)

// find returns the principal of what the digest is of, remembered or looked up.
func (a *Authenticator) find(ctx context.Context, d Digest, by lookUp) (Principal, error) {
	if p, ok := a.remembered(d); ok {
		return p, nil
	}
	// Whoever comes with the key meanwhile shares the look, but not one that began before a
	// change was heard of.
	before := a.heard()
	looking := a.looks.DoChan(strconv.FormatInt(before, 10)+string(d[:]), func() (any, error) {
		return a.look(context.WithoutCancel(ctx), d, by, before)
	})
	select {
	case found := <-looking:
		p, _ := found.Val.(Principal)
		return p, found.Err
	case <-ctx.Done():
		return Principal{}, context.Cause(ctx)
	}
}

// look asks the store.
func (a *Authenticator) look(ctx context.Context, d Digest, by lookUp, before int64) (Principal, error) {
	k, left, err := by(ctx, d)
	if fault.KindOf(err) == fault.NotFound {
		return Principal{}, ErrUnknownKey
	}
	if err != nil {
		return Principal{}, err
	}
	trusted := trustedFor
	if left > 0 {
		trusted = min(trusted, left)
	}
	a.remember(d, known{key: k, until: time.Now().Add(trusted)}, before)
	return k.principal(), nil
}

func (k Key) principal() Principal {
	return Principal{User: k.UserID, Caller: k.UserID, Key: k.ID, Prefix: k.Prefix, Scopes: k.Scopes}
}

// ActFor returns the principal of an admin that acts for the user. ErrNoAdmin with the one that it is; fault.NotFound where there is no such user.
func (a *Authenticator) ActFor(ctx context.Context, p Principal, user int64) (Principal, error) {
	if !p.May(Admin) {
		return p, ErrNoAdmin
	}
	exists, err := a.store.UserExists(ctx, user)
	if err == nil && !exists {
		err = fault.New(fault.NotFound, "there is no such user to act for")
	}
	p.User = user
	return p, err
}

func (a *Authenticator) heard() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.changes
}

func (a *Authenticator) remember(d Digest, k known, before int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.used[k.key.ID] = struct{}{}
	if a.changes != before {
		return
	}
	if len(a.known) >= maxKnown {
		clear(a.known) // so many keys at once are rare, and a look-up is cheap
	}
	a.known[d] = k
}

// forget has keys that changed looked up again.
func (a *Authenticator) forget(changed func(id int64) bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.changes++
	for d, k := range a.known {
		if changed(k.key.ID) {
			delete(a.known, d)
		}
	}
	for h := range a.holds {
		if changed(h.key) {
			select {
			case h.look <- struct{}{}:
			default: // it has not looked since
			}
		}
	}
}

func anyKey(int64) bool { return true }

// Follow reads the log of events until ctx is done, so that a key that was revoked
// anywhere is refused here at once. open opens the log from now on.
func (a *Authenticator) Follow(ctx context.Context, open func(context.Context) (events.Next, error)) error {
	outage := backoff.NewOutage(a.log, "revoked API keys are not heard of; they are looked up twice a minute", "revoked API keys are heard of again")
	return events.Follow(ctx, open, outage, func() { a.forget(anyKey) }, func(batch events.Batch) {
		if batch.Skipped > 0 {
			a.forget(anyKey)
		}
		for _, e := range batch.Events {
			if e.Type == events.KeyChanged {
				a.forget(func(id int64) bool { return id == e.Data.Key })
			}
		}
	})
}

// RecordUse writes once a minute, and at the end, which keys were used, until ctx is done.
func (a *Authenticator) RecordUse(ctx context.Context) error {
	tick := time.NewTicker(usedEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			a.recordUse(last)
			return nil
		case <-tick.C:
			a.recordUse(ctx)
		}
	}
}

func (a *Authenticator) recordUse(ctx context.Context) {
	a.mu.Lock()
	ids := make([]int64, 0, len(a.used))
	for id := range a.used {
		ids = append(ids, id)
	}
	clear(a.used)
	a.mu.Unlock()
	if len(ids) == 0 {
		return
	}
	if err := a.store.MarkUsed(ctx, ids); err != nil {
		a.mu.Lock()
		for _, id := range ids {
			a.used[id] = struct{}{}
		}
		a.mu.Unlock()
		a.log.WarnContext(ctx, "the use of API keys was not recorded", "keys", len(ids), "error", err)
	}
}
