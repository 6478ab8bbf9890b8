package frame

import (
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

func TestFormats(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 4, 0, 0, 0, time.UTC)
	for got, want := range map[string]string{
		Number(0): "0", Number(999): "999", Number(1000): "1,000", Number(int64(1234567)): "1,234,567", Number(-12345): "-12,345",
		UpTo(10_000, true): "10,000+", UpTo(7, false): "7",
		Plural(1, "picture"): "1 picture", Plural(0, "picture"): "0 pictures", Plural(2, "process", "processes"): "2 processes",
		Bytes(999): "999 B", Bytes(1000): "1.0 kB", Bytes(999_999): "1.0 MB", Bytes(25_000_000): "25 MB",
		Took(40 * time.Millisecond): "40 ms", Took(9700 * time.Millisecond): "9.7 s", Took(90 * time.Second): "90 s", Took(3 * time.Hour): "3 h", Took(72 * time.Hour): "3 days",
		Ago(now.Add(-3500*time.Millisecond), now): "3 s ago", Ago(now.Add(5*time.Minute), now): "in 5 min", Ago(now, now): "now", Ago(time.Time{}, now): "—",
		Price(catalog.Price(18050)): "180.50", Price(catalog.Price(99999)): "999.99", Price(catalog.Price(500)): "5.00", Price(catalog.Price(7)): "0.07",
		Stamp(now): "2026-11-28 04:00:00 UTC", Stamp(time.Time{}): "",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := Percent(1, 3); got != 33 || Percent(1, 0) != 0 {
		t.Errorf("a third is %d percent", got)
	}
	for _, r := range fault.Reasons() {
		if ReasonWords(r) == string(r) {
			t.Errorf("%s has no words", r)
		}
	}
}
