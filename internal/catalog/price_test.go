package catalog

import (
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParsePrice(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in   string
		want Price
		err  error
	}{
		{"999.99", 99999, nil},
		{"0.1", 10, nil},
		{"1.15", 115, nil},
		{"123456789012.99", 12345678901299, nil},
		{"9999999999999.99", MaxPrice, nil},
		{"0", 0, nil},
		{"-0", 0, nil},
		{"0.00", 0, nil},
		{"5", 500, nil},
		{"1.500", 150, nil},
		{"1e3", 100000, nil},
		{"1E+2", 10000, nil},
		{"12.5e-1", 125, nil},
		{"100e-4", 1, nil},
		{"0e64", 0, nil},
		{"10000000000000", 0, ErrPriceRange},
		{"9999999999999.991", 0, ErrPricePrecision},
		{"1e64", 0, ErrPriceRange},
		{"-1", 0, ErrPriceNegative},
		{"-0.01", 0, ErrPriceNegative},
		{"1.001", 0, ErrPricePrecision},
		{"1e-3", 0, ErrPricePrecision},
		{"", 0, ErrPriceFormat},
		{"NaN", 0, ErrPriceFormat},
		{"Infinity", 0, ErrPriceFormat},
		{"-", 0, ErrPriceFormat},
		{"--1", 0, ErrPriceFormat},
		{"+1", 0, ErrPriceFormat},
		{".5", 0, ErrPriceFormat},
		{"5.", 0, ErrPriceFormat},
		{"05", 0, ErrPriceFormat},
		{"1,5", 0, ErrPriceFormat},
		{"1_000", 0, ErrPriceFormat},
		{"0x10", 0, ErrPriceFormat},
		{"1e", 0, ErrPriceFormat},
		{"1e1.5", 0, ErrPriceFormat},
		{" 1", 0, ErrPriceFormat},
		{"1\x00", 0, ErrPriceFormat},
		{"١", 0, ErrPriceFormat},
		{strings.Repeat("1", 65), 0, ErrPriceFormat},
	} {
		got, err := ParsePrice(tc.in)
		if got != tc.want || !errors.Is(err, tc.err) || (tc.err == nil) != (err == nil) {
			t.Errorf("ParsePrice(%q) = %v, %v; want %v, %v", tc.in, got, err, tc.want, tc.err)
		}
	}
}

func TestPriceString(t *testing.T) {
	t.Parallel()
	for p, want := range map[Price]string{
		0: "0", 1: "0.01", 10: "0.1", 99: "0.99", 100: "1", 115: "1.15", 101: "1.01", 99999: "999.99", MaxPrice: "9999999999999.99",
	} {
		if got := p.String(); got != want {
			t.Errorf("Price(%d).String() = %q, want %q", int64(p), got, want)
		}
	}
}

func TestPriceRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := Price(rapid.Int64Range(0, int64(MaxPrice)).Draw(t, "price"))
		got, err := ParsePrice(p.String())
		if err != nil || got != p {
			t.Fatalf("ParsePrice(%q) = %v, %v", p.String(), got, err)
		}
		var f float64 // what a client makes of the number
		if err := json.Unmarshal([]byte(p.String()), &f); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParsePrice(string(again)); err != nil || got != p {
			t.Fatalf("through a double, %s became %s: %v", p, again, err)
		}
	})
}

// TestPriceIsExact compares with exact rational arithmetic.
func TestPriceIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,5})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "number")
		comparePrice(t, s)
	})
}

func FuzzParsePrice(f *testing.F) {
	for _, s := range []string{"999.99", "-0", "1e3", "1e-3", "5.", "NaN", "00", "1e99", "0.000e-5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { comparePrice(t, s) })
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func comparePrice(t failer, s string) {
	t.Helper()
	p, err := ParsePrice(s)
	if err != nil {
		if p != 0 {
			t.Fatalf("ParsePrice(%q) = %v beside the error %v", s, p, err)
		}
		if exact, ok := new(big.Rat).SetString(s); ok && json.Valid([]byte(s)) && representable(exact) && !farExponent(s) {
			t.Fatalf("ParsePrice(%q) refused a good price: %v", s, err)
		}
		return
	}
	exact, ok := new(big.Rat).SetString(s)
	if !ok || !json.Valid([]byte(s)) {
		t.Fatalf("ParsePrice(%q) = %v, which is no JSON number", s, p)
	}
	if exact.Cmp(big.NewRat(int64(p), 100)) != 0 {
		t.Fatalf("ParsePrice(%q) = %v", s, p)
	}
}

func representable(r *big.Rat) bool {
	cents := new(big.Rat).Mul(r, big.NewRat(100, 1))
	return cents.IsInt() && cents.Sign() >= 0 && cents.Num().Cmp(big.NewInt(int64(MaxPrice))) <= 0
}

// farExponent tells the spellings that are refused for their length alone.
func farExponent(s string) bool {
	if len(s) > maxPriceText {
		return true
	}
	_, _, _, err := splitNumber(strings.TrimPrefix(s, "-"))
	return err != nil
}
