package blob

import (
	"strings"

	"vitrine.dev/internal/fault"
)

// MaxKeyBytes bounds a key: the limit of S3.
const MaxKeyBytes = 1024

// CheckKey returns an error of kind fault.Invalid unless key is a relative
// slash-separated path of lower-case letters, digits, '.', '-' and '_', none
// of whose segments is empty or starts with a dot. Such keys mean the same on
// every file system and in every URL.
func CheckKey(key string) error {
	if key == "" || len(key) > MaxKeyBytes {
		return fault.New(fault.Invalid, "object key is empty or too long")
	}
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "" || segment[0] == '.' {
			return fault.New(fault.Invalid, "object key has an empty or hidden segment")
		}
		for _, c := range []byte(segment) {
			if !keyByte(c) {
				return fault.New(fault.Invalid, "object key has a character outside a-z 0-9 . - _")
			}
		}
	}
	return nil
}

// CheckPrefix returns an error of kind fault.Invalid unless some key could start
// with prefix: it is empty, or a key itself, with or without a slash at its end.
func CheckPrefix(prefix string) error {
	if prefix == "" {
		return nil
	}
	return CheckKey(strings.TrimSuffix(prefix, "/"))
}

func keyByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_'
}
