package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"hash/crc32"
	"strings"
)

// The form of a key's text: a prefix that scanners for leaked secrets can look for,
// random characters, and a checksum of these, so that one that was mistyped is refused
// without a look into the database. 30 characters of base62 are 178 bits.
const (
	secretPrefix = "vit_"
	randomChars  = 30
	sumChars     = 6 // of base62 hold the 32 bits of a CRC
	secretBytes  = len(secretPrefix) + randomChars + sumChars
	// shownChars is how much of a key is kept to tell it from others.
	shownChars = len(secretPrefix) + 6

	base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// Digest is the SHA-256 of a key's text, which alone is stored. The text has more
// entropy than a guess can exhaust, so that no salt and no slow hash is needed.
type Digest = [sha256.Size]byte

// newSecret returns the text of a new key.
func newSecret() string {
	text := make([]byte, 0, secretBytes)
	text = append(text, secretPrefix...)
	var block [2 * randomChars]byte
	for len(text) < len(secretPrefix)+randomChars {
		_, _ = rand.Read(block[:]) // never fails: crypto/rand
		for _, b := range block {
			if b < 4*62 && len(text) < len(secretPrefix)+randomChars { // every character as likely as any other
				text = append(text, base62[b%62])
			}
		}
	}
	sum := checksum(string(text))
	return string(append(text, sum[:]...))
}

// checksum is the CRC-32 (IEEE) of the text in base62, most significant first.
func checksum(text string) (encoded [sumChars]byte) {
	sum := crc32.ChecksumIEEE([]byte(text))
	for i := range encoded {
		encoded[sumChars-1-i] = base62[sum%62]
		sum /= 62
	}
	return encoded
}

// wellFormed reports whether the text may be a key.
func wellFormed(text string) bool {
	if len(text) != secretBytes || !strings.HasPrefix(text, secretPrefix) {
		return false
	}
	sum := checksum(text[:secretBytes-sumChars])
	return string(sum[:]) == text[secretBytes-sumChars:]
}

func digest(text string) Digest { return sha256.Sum256([]byte(text)) }
