package backoff_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"vitrine.dev/internal/backoff"
)

func TestOutage(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	o := backoff.NewOutage(slog.New(slog.NewTextHandler(&text, nil)), "down", "up")
	down := errors.New("refused")
	o.Succeeded(t.Context())
	for want := 1; want <= 3; want++ {
		if got := o.Failed(t.Context(), "queue", down); got != want {
			t.Errorf("failure %d is counted as %d", want, got)
		}
	}
	o.Succeeded(t.Context())
	o.Succeeded(t.Context())
	if got := o.Failed(t.Context(), "store", down); got != 1 {
		t.Errorf("the first failure after a recovery is counted as %d", got)
	}
	var lines []string
	for line := range strings.Lines(text.String()) {
		_, line, _ = strings.Cut(line, " ") // the time
		line, _, _ = strings.Cut(strings.TrimSpace(line), " duration=")
		lines = append(lines, line)
	}
	want := []string{
		"level=WARN msg=down part=queue failures=1 error=refused", "level=INFO msg=up part=queue failures=3",
		"level=WARN msg=down part=store failures=1 error=refused",
	}
	if strings.Join(lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("logged %q, want %q", lines, want)
	}
}
