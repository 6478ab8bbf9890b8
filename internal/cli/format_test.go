package cli

import "testing"

func TestOneLine(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Shöp of Łódź": "Shöp of Łódź",
		"店":            "店",
		"two\nlines":   `"two\nlines"`,
		"\x1b[31mred":  `"\x1b[31mred"`,
		"right\u202e":  `"right\u202e"`,
	} {
		if got := oneLine(name); got != want {
			t.Errorf("oneLine(%q) = %s, want %s", name, got, want)
		}
	}
}
