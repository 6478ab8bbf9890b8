package disk

import (
	"path"

	"vitrine.dev/internal/fault"
)

// typeOf returns the content type of the key's extension.
func typeOf(key string) (contentType string, known bool) {
	switch path.Ext(key) {
	case ".jpg", ".jpeg":
		return "image/jpeg", true
	case ".png":
		return "image/png", true
	case ".gif":
		return "image/gif", true
	case ".webp":
		return "image/webp", true
	case ".avif":
		return "image/avif", true
	default:
		// A file that somebody else put here; nothing executes this type.
		return "application/octet-stream", false
	}
}

// checkType refuses a content type that a later Stat could not return.
func checkType(key, contentType string) error {
	if own, known := typeOf(key); !known || own != contentType {
		return fault.New(fault.Invalid, "the object key's extension does not say its content type")
	}
	return nil
}
