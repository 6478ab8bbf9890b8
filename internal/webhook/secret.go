package webhook

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"vitrine.dev/internal/fault"
)

// Of the specification, section "Signature scheme".
const (
	secretPrefix   = "whsec_"
	MinSecretBytes = 24
	MaxSecretBytes = 64
	newSecretBytes = 32
)

// Secret is what the requests to one endpoint are signed with: 24 to 64 random bytes.
type Secret []byte

// NewSecret draws a secret.
func NewSecret() Secret {
	s := make(Secret, newSecretBytes)
	_, _ = rand.Read(s) // never fails: crypto/rand
	return s
}

// ParseSecret reads what String writes. fault.Invalid.
func ParseSecret(text string) (Secret, error) {
	encoded, ok := strings.CutPrefix(text, secretPrefix)
	raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if !ok || err != nil || len(raw) < MinSecretBytes || len(raw) > MaxSecretBytes || Secret(raw).String() != text {
		return nil, fault.New(fault.Invalid, fmt.Sprintf("must be %s and the base64 of %d to %d random bytes", secretPrefix, MinSecretBytes, MaxSecretBytes))
	}
	return raw, nil
}

// String is the form that users are shown, and verifiers take.
func (s Secret) String() string { return secretPrefix + base64.StdEncoding.EncodeToString(s) }

// Sign returns the value of webhook-signature: the HMAC-SHA256 of id, time and body by each
// of the secrets, of which a receiver needs one.
func Sign(id string, at time.Time, body []byte, secrets ...Secret) string {
	list := make([]string, len(secrets))
	for i, s := range secrets {
		mac := hmac.New(sha256.New, s)
		fmt.Fprintf(mac, "%s.%d.", id, at.Unix())
		mac.Write(body)
		list[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return strings.Join(list, " ")
}

// Sealed is a secret as it is stored.
type Sealed string

// What a Sealed begins with.
const (
	plainForm  = "plain:"
	sealedForm = "aes-256-gcm:"
)

// Box seals secrets on their way into the database. It is safe for concurrent use.
type Box struct{ sealer cipher.AEAD } // nil: they are stored as they are

// MinKeyBytes is how long the key of a Box is at least.
const MinKeyBytes = 32

// NewBox returns a Box of the key, at least MinKeyBytes of random text, from which HKDF
// (RFC 5869) derives the one of AES-256-GCM. "": secrets are stored as they are.
func NewBox(key string) (Box, error) {
	if key == "" {
		return Box{}, nil
	}
	derived, err := hkdf.Key(sha256.New, []byte(key), nil, "vitrine webhook secrets", sha256.Size)
	if err != nil {
		return Box{}, fmt.Errorf("derive the key of secrets: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return Box{}, fmt.Errorf("key of secrets: %w", err)
	}
	sealer, err := cipher.NewGCMWithRandomNonce(block)
	return Box{sealer}, err
}

// Encrypts reports whether it has a key.
func (b Box) Encrypts() bool { return b.sealer != nil }

// Seal returns the secret as it is stored for an endpoint of the user, to whom it is bound.
func (b Box) Seal(s Secret, user int64) Sealed {
	if b.sealer == nil {
		return Sealed(plainForm + s.String())
	}
	text := b.sealer.Seal(nil, nil, s, bound(user)) //nolint:gosec // the sealer draws the nonce itself
	return Sealed(sealedForm + base64.StdEncoding.EncodeToString(text))
}

// errSealed is why a secret cannot be read.
var errSealed = errors.New("the secret of a webhook was encrypted with another SECRET_KEY")

// Open returns what Seal was given. One that was stored without a key is read with every Box.
func (b Box) Open(sealed Sealed, user int64) (Secret, error) {
	if text, ok := strings.CutPrefix(string(sealed), plainForm); ok {
		return ParseSecret(text)
	}
	text, ok := strings.CutPrefix(string(sealed), sealedForm)
	raw, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || b.sealer == nil {
		return nil, errSealed
	}
	s, err := b.sealer.Open(nil, nil, raw, bound(user))
	if err != nil {
		return nil, errSealed
	}
	return s, nil
}

func bound(user int64) []byte { return strconv.AppendInt(nil, user, 10) }
