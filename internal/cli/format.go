package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"vitrine.dev/internal/httpapi/wire"
)

// IsTerminal reports whether w is a terminal, where a person reads.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func writeLine(w io.Writer, v any) error {
	if err := json.NewEncoder(w).Encode(v); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// count is a number with its digits in groups of three.
func count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	var groups []string
	for ; len(digits) > 3; digits = digits[:len(digits)-3] {
		groups = append([]string{digits[len(digits)-3:]}, groups...)
	}
	return strings.Join(append([]string{digits}, groups...), ",")
}

// oneLine quotes a text that has something that a terminal would obey, or a
// quote or backslash of its own.
func oneLine(s string) string {
	if quoted := strconv.Quote(s); quoted != `"`+s+`"` {
		return quoted
	}
	return s
}

// several is a number of things, of which one is named.
func several[N int | int64](n N, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(int64(n)) + " " + one + "s"
}

// orDash is what a table shows of a text that may be empty.
func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func orDashTime(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.Format(time.RFC3339)
}

func orDashReason(r *wire.Reason) string {
	if r == nil {
		return "-"
	}
	return r.Code
}

// atLeast is a count that may have been ended by a limit.
func atLeast(n int, more bool) string {
	if more {
		return count(int64(n)) + "+"
	}
	return count(int64(n))
}

// duration is how long something takes or has taken, in seconds, or in
// milliseconds where it is short.
func duration(d time.Duration) string {
	if d < 10*time.Second {
		return max(d, 0).Round(time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
