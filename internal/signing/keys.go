package signing

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/fault"
)

const (
	// refreshEvery is how often a process reads the keys: for how long one that another
	// process has ended may still be valid here, where Forget is not called before.
	refreshEvery = 30 * time.Second
	// askAgain is for how long the keys are not read again because of a text that none of
	// them has signed: whoever sends such texts causes no more reads.
	askAgain = 2 * time.Second
)

// ErrNotSigned is the answer to a text that was not signed here for the purpose and the
// binding, or so long ago that its key is over.
var ErrNotSigned = fault.New(fault.Invalid, "the text was not signed here for this")

// Store keeps the secrets of the installation.
type Store interface {
	// SigningKeys returns the keys that verify, the one that signs first. Where there is
	// none yet, first becomes it: once, whoever else asks at the same time.
	// fault.Unavailable.
	SigningKeys(ctx context.Context, first Secret) ([]Key, error)
}

// Keys sign and verify. They are read from the store when they are needed first, and
// again once in refreshEvery and where a text is of none of them, so that every process
// knows the ones that another has made. They are safe for concurrent use.
type Keys struct {
	store   Store
	log     *slog.Logger
	reading singleflight.Group

	edition atomic.Int64 // grows where the key that signs may be another one

	mu      sync.Mutex
	known   []known
	changes int64     // that were heard of: what was read from before one is not kept
	asked   time.Time // when they were read last, or could not be
	err     error     // why not
}

// known is a key, and when it ends.
type known struct {
	Secret

	until time.Time // zero: it signs
}

// New returns the keys of the store.
func New(store Store, log *slog.Logger) *Keys { return &Keys{store: store, log: log} }

// Seal returns the message as a text that Open reads for the same purpose and binding only.
// Everyone can read the message: it is signed, not encrypted. fault.Unavailable
// where the keys were never read.
func (k *Keys) Seal(ctx context.Context, p Purpose, binding, message []byte) (string, error) {
	keys, err := k.current(ctx)
	if err != nil {
		return "", err
	}
	mac, err := keys[0].mac(p, binding, message)
	return base64.RawURLEncoding.EncodeToString(append(slices.Clone(message), mac...)), err
}

// Open returns the message of a text that Seal has made. ErrNotSigned; fault.Unavailable
// where that cannot be told.
func (k *Keys) Open(ctx context.Context, p Purpose, binding []byte, text string) ([]byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	// The decoder skips line breaks: a text has one spelling only.
	if err != nil || len(b) < macBytes || base64.RawURLEncoding.EncodedLen(len(b)) != len(text) {
		return nil, ErrNotSigned
	}
	message, mac := b[:len(b)-macBytes], b[len(b)-macBytes:]
	for _, keys := range []func(context.Context) ([]known, error){k.current, k.newer} {
		list, err := keys(ctx)
		if err != nil {
			return nil, err
		}
		for _, one := range list {
			want, err := one.mac(p, binding, message)
			if err != nil {
				return nil, err
			}
			if one.verifies() && hmac.Equal(mac, want) {
				return message, nil
			}
		}
	}
	return nil, ErrNotSigned
}

func (k known) verifies() bool { return k.until.IsZero() || time.Now().Before(k.until) }

// Edition is a number of the key that signs: while it is the same, the same message is sealed as the same text.
func (k *Keys) Edition() int64 { return k.edition.Load() }

// current returns the keys as they are known.
func (k *Keys) current(ctx context.Context) ([]known, error) {
	k.mu.Lock()
	keys := k.known
	k.mu.Unlock()
	if keys != nil {
		return keys, nil
	}
	return k.read(ctx)
}

// newer returns the keys that are not known yet, as far as it is time to look.
func (k *Keys) newer(ctx context.Context) ([]known, error) {
	k.mu.Lock()
	due, err := time.Since(k.asked) >= askAgain, k.err
	k.mu.Unlock()
	if due {
		return k.read(ctx)
	}
	return nil, err
}

// Forget has the keys read again before they are used, as they have changed.
func (k *Keys) Forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.changes++
	k.edition.Add(1)
	k.known = nil
}

// read reads the keys; whoever asks at the same time shares the answer, but for one that was
// begun before a change was heard of.
func (k *Keys) read(ctx context.Context) ([]known, error) {
	k.mu.Lock()
	before := k.changes
	k.mu.Unlock()
	asked := k.reading.DoChan(strconv.FormatInt(before, 10), func() (any, error) {
		began := time.Now()
		keys, err := k.store.SigningKeys(context.WithoutCancel(ctx), NewSecret())
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.asked, k.err = time.Now(), err; err != nil {
			return []known(nil), err
		}
		list := make([]known, len(keys))
		for i, key := range keys {
			list[i].Secret = key.Secret
			if key.Left > 0 {
				list[i].until = began.Add(key.Left)
			}
		}
		if k.changes == before {
			if len(k.known) == 0 || k.known[0].Secret != list[0].Secret {
				k.edition.Add(1)
			}
			k.known = list
		}
		return list, nil
	})
	select {
	case r := <-asked:
		keys, _ := r.Val.([]known)
		return keys, r.Err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Run keeps the keys current until ctx is done.
func (k *Keys) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		if _, err := k.read(ctx); err != nil && ctx.Err() == nil {
			k.log.DebugContext(ctx, "the signing keys were not read", "error", err)
		}
		_ = backoff.Sleep(ctx, refreshEvery) // its end ends the loop
	}
	return nil
}
