package signing

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"
)

// Secret is what the keys of all purposes are derived from.
type Secret [sha256.Size]byte

// NewSecret draws a secret.
func NewSecret() (s Secret) {
	_, _ = rand.Read(s[:]) // never fails: crypto/rand
	return s
}

// Key is a secret that verifies, and for how long it still does: 0 for the one that
// signs, which has no end.
type Key struct {
	Secret Secret
	Left   time.Duration
}

// Purpose is what texts are signed for. One that was signed for another is not valid.
type Purpose string

// The purposes.
const (
	Cursors      Purpose = "cursors"       // where the pages of lists begin
	Uploads      Purpose = "uploads"       // where pictures are sent
	StreamTokens Purpose = "stream tokens" // by which browsers open streams of events
)

// macBytes is where a code is cut: RFC 2104, section 5, wants at least half of the hash
// and 80 bits.
const macBytes = 16

// mac is the code (HMAC-SHA-256, RFC 2104) of a message that is good only together with
// the binding, by the key that HKDF (RFC 5869) derives for the purpose.
func (s Secret) mac(p Purpose, binding, message []byte) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, s[:], nil, "vitrine "+string(p), sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("derive the key of %s: %w", p, err) // only for lengths that HKDF cannot make
	}
	h := hmac.New(sha256.New, key)
	// The length keeps what ends the binding from being taken for the beginning of the message.
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(binding))))
	h.Write(binding)
	h.Write(message)
	return h.Sum(nil)[:macBytes], nil
}
