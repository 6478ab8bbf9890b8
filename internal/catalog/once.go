package catalog

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"vitrine.dev/internal/fault"
)

// Limits on idempotency keys.
const (
	MaxKeyBytes   = 255
	DefaultKeyTTL = 24 * time.Hour
)

// ErrKeyReused answers a create under a key of the user that has created
// something else.
var ErrKeyReused = fault.New(fault.Invalid,
	"the Idempotency-Key was used before for another product; use a new key for each product")

// Once makes a create happen at most once while its key lives.
type Once struct {
	Key         string // 1 to MaxKeyBytes of printable ASCII, of the user's choice
	Fingerprint [sha256.Size]byte
	TTL         time.Duration
}

// Earlier is what a key has created before.
type Earlier struct {
	ProductID   int64 // also where the product has been deleted since
	Fingerprint [sha256.Size]byte
}

// Creation is the outcome of a create.
type Creation struct {
	ProductID int64
	Version   int64 // that the product was created at
	Replayed  bool  // the key had created it before
}

// ValidKey reports whether s may be an idempotency key.
func ValidKey(s string) bool {
	if s == "" || len(s) > MaxKeyBytes {
		return false
	}
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// fingerprint is equal for drafts that ask for the same product, however they
// were spelled. Every text comes with its length, so that no two drafts run
// together into one.
func (d Draft) fingerprint() [sha256.Size]byte {
	b := []byte("product/1")
	number := func(n int64) { b = binary.AppendVarint(b, n) }
	text := func(s string) {
		number(int64(len(s)))
		b = append(b, s...)
	}
	number(d.UserID)
	number(int64(d.Price))
	text(d.Name)
	text(d.Description)
	number(int64(len(d.Images)))
	for _, u := range d.Images {
		text(CleanURL(u))
	}
	return sha256.Sum256(b)
}
