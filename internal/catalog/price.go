package catalog

import (
	"errors"
	"strconv"
	"strings"
)

// Price is an exact amount of money in hundredths of the shop's currency unit.
// It is never negative and never passes through a binary fraction.
type Price int64

// MaxPrice is 9,999,999,999,999.99: 15 significant digits, which also survive
// a client that reads JSON numbers into an IEEE 754 double.
const MaxPrice Price = 999_999_999_999_999

const (
	priceScale   = 100
	maxPriceText = 64 // bytes; longer spellings of a price are not worth reading
)

// Errors of ParsePrice; their texts complete the sentence "product_price …".
var (
	ErrPriceFormat    = errors.New("must be a decimal number such as 999.99")
	ErrPriceNegative  = errors.New("must not be negative")
	ErrPricePrecision = errors.New("must have at most 2 decimal places")
	ErrPriceRange     = errors.New("must be at most " + MaxPrice.String())
)

// ParsePrice reads a price as JSON spells numbers (RFC 8259 section 6): digits,
// an optional fraction, an optional exponent. Zeros beyond the second decimal
// place are not precision and are accepted.
func ParsePrice(s string) (Price, error) {
	if len(s) > maxPriceText {
		return 0, ErrPriceFormat
	}
	negative := strings.HasPrefix(s, "-")
	whole, fraction, exponent, err := splitNumber(strings.TrimPrefix(s, "-"))
	if err != nil {
		return 0, err
	}
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		return 0, nil // also -0, which is 0
	}
	if negative {
		return 0, ErrPriceNegative
	}
	// The value is digits × 10^shift hundredths.
	shift := exponent - len(fraction) + 2
	for shift < 0 {
		if !strings.HasSuffix(digits, "0") {
			return 0, ErrPricePrecision
		}
		digits, shift = digits[:len(digits)-1], shift+1
	}
	if len(digits)+shift > len(strconv.FormatInt(int64(MaxPrice), 10)) {
		return 0, ErrPriceRange
	}
	n, err := strconv.ParseInt(digits+strings.Repeat("0", shift), 10, 64)
	if err != nil {
		return 0, ErrPriceFormat
	}
	return Price(n), nil
}

// splitNumber takes a JSON number without sign apart.
func splitNumber(s string) (whole, fraction string, exponent int, err error) {
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		exponent, err = strconv.Atoi(s[i+1:])
		if err != nil || exponent < -maxPriceText || exponent > maxPriceText {
			return "", "", 0, ErrPriceFormat
		}
		s = s[:i]
	}
	whole, fraction, dotted := strings.Cut(s, ".")
	switch {
	case !allDigits(whole), len(whole) > 1 && whole[0] == '0', dotted && !allDigits(fraction):
		return "", "", 0, ErrPriceFormat
	}
	return whole, fraction, exponent, nil
}

func allDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// String is the shortest decimal that equals the price: 999.99, 0.1, 5.
func (p Price) String() string {
	s := strconv.FormatInt(int64(p)/priceScale, 10)
	if cents := int64(p) % priceScale; cents != 0 {
		s += "." + strings.TrimRight(strconv.FormatInt(priceScale+cents, 10)[1:], "0")
	}
	return s
}
