package media

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

const renditionKeyBytes = 16

// RenditionKey names what a renderer of the recipe makes of the source by the
// preset: 32 hex digits of the SHA-256 over all three.
func RenditionKey(source []byte, recipe string, p Preset) string {
	content := sha256.Sum256(source)
	return renditionKey(content[:], recipe, p)
}

// renditionKey is RenditionKey of a source with that SHA-256.
func renditionKey(content []byte, recipe string, p Preset) string {
	h := sha256.New()
	h.Write(content)
	h.Write([]byte(recipe + "; " + p.String()))
	return hex.EncodeToString(h.Sum(nil)[:renditionKeyBytes])
}

// RenditionOf returns the key of the rendition that the object is stored for;
// ok is false for an object that is none of ours.
func RenditionOf(object string) (rendition string, ok bool) {
	parts := strings.Split(object, "/")
	if len(parts) != 3 || len(parts[1]) != 2*renditionKeyBytes || parts[0] != parts[1][:2] || !isHex(parts[1]) {
		return "", false
	}
	return parts[1], true
}

func isHex(s string) bool { return strings.Trim(s, "0123456789abcdef") == "" }

// objectKey is where a file of the rendition is stored. The first two digits
// spread the files over folders where storage has those.
func objectKey(rendition, name, format string) string {
	return fmt.Sprintf("%s/%s/%s.%s", rendition[:2], rendition, name, format)
}
