package media_test

import (
	"testing"

	"vitrine.dev/internal/media"
)

func TestSourceHost(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"https://Pics.Example.com/a.jpg":     "pics.example.com",
		"http://example.com:80/a":            "example.com",
		"HTTPS://example.com:443/a":          "example.com",
		"http://example.com:443/a":           "example.com:443",
		"https://example.com:8443/a":         "example.com:8443",
		"http://user:secret@example.com/a":   "example.com",
		"http://[2001:DB8::1]:8080/a":        "[2001:db8::1]:8080",
		"http://[2001:db8::1]/a":             "2001:db8::1",
		"http://exa mple.com/":               "",
		"/relative":                          "",
		"http://example.com?x=http://evil/y": "example.com",
	} {
		if got := media.SourceHost(source); got != want {
			t.Errorf("host of %q is %q, want %q", source, got, want)
		}
	}
}
