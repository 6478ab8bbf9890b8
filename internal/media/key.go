package media

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// RenditionKey names what the recipe makes of the source: 32 hex digits of the
// SHA-256 over both.
func RenditionKey(source []byte, recipe string) string {
	content := sha256.Sum256(source)
	h := sha256.New()
	h.Write(content[:])
	h.Write([]byte(recipe))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// objectKey is where a file of the rendition is stored. The first two digits
// spread the files over folders where storage has those.
func objectKey(rendition, name, format string) string {
	return fmt.Sprintf("%s/%s/%s.%s", rendition[:2], rendition, name, format)
}
