package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"vitrine.dev/internal/fault"
)

// SessionLife is for how long a session lasts at most, from its beginning.
const SessionLife = 12 * time.Hour

// tokenChars is the length of a token: crypto/rand.Text, with 130 bits.
const tokenChars = 26

// ErrNoSession is the answer to a token that stands for no session, or for one that is over.
var ErrNoSession = fault.New(fault.Forbidden, "you are not signed in, or no longer")

// BeginSession makes a session of the principal's key, and returns the token that stands for
// it: only its SHA-256 is kept. It ends with the key, and after SessionLife. ErrUnknownKey;
// fault.Unavailable.
func (a *Accounts) BeginSession(ctx context.Context, by Principal) (token string, err error) {
	token = rand.Text()
	return token, a.store.AddSession(ctx, digest(token), by.Key, SessionLife, entryOf(ctx, by, "session.begin", "", Done))
}

// EndSession ends the session of the token: every process refuses it within seconds. One that
// is over is no error. fault.Unavailable.
func (a *Accounts) EndSession(ctx context.Context, by Principal, token string) error {
	return a.store.EndSession(ctx, digest(token), entryOf(ctx, by, "session.end", "", Done))
}

// Session returns the principal of the key that the session of the token is of. It is remembered as
// a key is. ErrNoSession; fault.Unavailable.
func (a *Authenticator) Session(ctx context.Context, token string) (Principal, error) {
	if len(token) != tokenChars {
		return Principal{}, ErrNoSession
	}
	p, err := a.find(ctx, digest(token), a.store.KeyBySession)
	if errors.Is(err, ErrUnknownKey) {
		return Principal{}, ErrNoSession
	}
	return p, err
}
