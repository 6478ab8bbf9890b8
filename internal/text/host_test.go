package text_test

import (
	"strings"
	"testing"

	"vitrine.dev/internal/text"
)

// TestHostFault: a host is taken with its port, in whatever script, and nothing else of a URL is.
func TestHostFault(t *testing.T) {
	t.Parallel()
	for host, good := range map[string]bool{
		"": false, "a.example": true, "A.Example:8443": true, "[2001:db8::1]:8443": true, "bücher.example": true, "vitrine:upload": true,
		strings.Repeat("x", 259): true, strings.Repeat("x", 260): false,
		"https://a.example": false, "a.example/": false, "a b": false, "ann@a.example": false, "a.example?q": false, "a.example#f": false,
		"a\x00": false, "\xff": false,
	} {
		if reason := text.HostFault(host); (reason == "") != good {
			t.Errorf("%q: %q", host, reason)
		}
	}
}
