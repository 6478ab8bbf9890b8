package auth

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/signing"
)

// StreamTokenLife is for how long a stream token is good. A stream that was opened with it goes on
// for as long as its key is valid.
const StreamTokenLife = time.Minute

// ErrStreamToken is the answer to a stream token that is not valid.
var ErrStreamToken = fault.New(fault.Forbidden, "the stream token is not valid: it is over, or the key that it was made with is")

// StreamTokens stand for a key in the URL of a stream of events, where a browser's EventSource can
// send no header: for a short time, of one user, and to read only. Whoever has one can read
// who it is of: it is signed, not encrypted. They are safe for concurrent use.
type StreamTokens struct {
	signer *signing.Keys
	keys   *Authenticator
}

// NewStreamTokens returns the tokens that signer signs, of the keys that keys knows; nil where they
// are only made.
func NewStreamTokens(signer *signing.Keys, keys *Authenticator) *StreamTokens {
	return &StreamTokens{signer, keys}
}

// Make returns a token of the principal, and when it is over. fault.Unavailable; the cause of ctx's end.
func (t *StreamTokens) Make(ctx context.Context, p Principal) (token string, expires time.Time, err error) {
	if ctx.Err() != nil {
		return "", expires, context.Cause(ctx)
	}
	expires = time.Now().Add(StreamTokenLife).UTC().Truncate(time.Second)
	var message []byte
	for _, n := range []int64{p.User, p.Caller, p.Key, expires.Unix()} {
		message = binary.BigEndian.AppendUint64(message, uint64(n)) //nolint:gosec // read back as it was
	}
	token, err = t.signer.Seal(ctx, signing.StreamTokens, nil, message)
	return token, expires, err
}

// Principal returns whom a token stands for, who may do nothing but read products and their events.
// ErrStreamToken; fault.Unavailable.
func (t *StreamTokens) Principal(ctx context.Context, token string) (Principal, error) {
	message, err := t.signer.Open(ctx, signing.StreamTokens, nil, token)
	const numbers, size = 4, 8
	if errors.Is(err, signing.ErrNotSigned) || err == nil && len(message) != numbers*size {
		return Principal{}, ErrStreamToken
	}
	if err != nil {
		return Principal{}, err
	}
	var n [numbers]int64
	for i := range n {
		n[i] = int64(binary.BigEndian.Uint64(message[i*size:])) //nolint:gosec // written as it was
	}
	if !time.Now().Before(time.Unix(n[3], 0)) {
		return Principal{}, ErrStreamToken
	}
	k, _, err := t.keys.store.LiveKey(ctx, n[2])
	if fault.KindOf(err) == fault.NotFound {
		err = ErrStreamToken
	}
	return Principal{User: n[0], Caller: n[1], Key: k.ID, Prefix: k.Prefix, Scopes: Scopes{ProductsRead}}, err
}
