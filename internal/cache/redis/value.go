package redis

import (
	"fmt"
	"strconv"

	"vitrine.dev/internal/cache"
)

// A value is the entry's version in digits, a fixed number of them, and the
// entry's body.
const versionDigits = 16

func encode(e cache.Entry) []byte {
	b := make([]byte, 0, versionDigits+len(e.Body))
	return append(fmt.Appendf(b, "%0*d", versionDigits, e.Version), e.Body...)
}

// decode reads an entry. A value that we did not write is none; the next Put
// replaces it.
func decode(raw []byte) (e cache.Entry, ok bool) {
	if len(raw) < versionDigits {
		return cache.Entry{}, false
	}
	version, err := strconv.ParseUint(string(raw[:versionDigits]), 10, 63) // which takes no sign
	if err != nil || version < 1 {
		return cache.Entry{}, false
	}
	return cache.Entry{Version: int64(version), Body: raw[versionDigits:]}, true
}
