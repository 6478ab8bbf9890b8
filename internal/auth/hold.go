package auth

import (
	"context"
	"time"

	"vitrine.dev/internal/fault"
)

// holdAgain is how long Hold waits before it asks again where the database does not answer.
const holdAgain = 2 * time.Second

// held is a key that something lasting goes on for.
type held struct {
	key  int64
	look chan struct{} // of capacity 1: it has changed
}

// Hold returns a context for what goes on for longer than an answer takes, which ends with
// ErrUnknownKey as its cause when the key of the principal is over: as soon as that is heard of, and
// within half a minute where the log of events cannot be read. A principal without a key has
// none that could end. The caller calls cancel.
func (a *Authenticator) Hold(ctx context.Context, p Principal) (held context.Context, cancel context.CancelFunc) {
	holding, end := context.WithCancelCause(ctx)
	if p.Key != 0 {
		h := a.hold(p.Key)
		go func() {
			defer a.release(h)
			end(a.watch(holding, h))
		}()
	}
	return holding, func() { end(context.Canceled) }
}

// watch returns when the key is over, or ctx is done.
func (a *Authenticator) watch(ctx context.Context, h *held) error {
	for {
		again := trustedFor
		_, left, err := a.store.LiveKey(ctx, h.key)
		switch {
		case fault.KindOf(err) == fault.NotFound:
			return ErrUnknownKey
		case err != nil:
			again = holdAgain
		case left > 0:
			again = min(again, left)
		}
		select {
		case <-h.look:
		case <-time.After(again):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (a *Authenticator) hold(key int64) *held {
	a.mu.Lock()
	defer a.mu.Unlock()
	h := &held{key: key, look: make(chan struct{}, 1)}
	a.holds[h] = struct{}{}
	return h
}

func (a *Authenticator) release(h *held) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.holds, h)
}
