package cli

import (
	"testing"

	"vitrine.dev/internal/httpapi/wire"
)

func TestWay(t *testing.T) {
	t.Parallel()
	hops := []wire.Hop{{Status: 302, DurationMS: 40}, {Host: "cdn.example", DurationMS: 1200}}
	if got, want := redirects(hops), " (302 in 40ms, then cdn.example no answer in 1.2s)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := redirects(nil); got != "" {
		t.Errorf("of none: %q", got)
	}
}
