package icc

import (
	"encoding/binary"
	"math"
	"testing"
)

// tagged lists tags that have no data.
func tagged(names ...string) []byte {
	p := binary.BigEndian.AppendUint32(make([]byte, 128), uint32(len(names)))
	for _, n := range names {
		p = append(append(p, n...), make([]byte, 8)...)
	}
	return p
}

func TestIntentOf(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		profile []byte
		want    Intent
	}{
		"all tables":          {tagged("desc", "A2B1", "A2B2", "A2B0"), Perceptual},
		"relative only":       {tagged("desc", "A2B1"), Relative},
		"saturation only":     {tagged("A2B2"), Saturation},
		"relative, colours":   {tagged("A2B1", "rXYZ"), Perceptual},
		"none":                {tagged("desc"), Perceptual},
		"nothing":             {nil, Perceptual},
		"more than there are": {append(tagged("desc"), 1, 2, 3), Perceptual},
	} {
		if got := IntentOf(c.profile); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// TestToD50 compares with the matrices that ICC profiles of these spaces have.
func TestToD50(t *testing.T) {
	t.Parallel()
	p3, _ := CodedPrimaries(12)
	for name, c := range map[string]struct {
		of   Chromaticities
		want matrix3
	}{
		"sRGB": {SRGBPrimaries(), matrix3{
			{0.4361, 0.3851, 0.1431}, {0.2225, 0.7169, 0.0606}, {0.0139, 0.0971, 0.7141},
		}},
		"Display P3": {p3, matrix3{
			{0.5151, 0.2920, 0.1571}, {0.2412, 0.6922, 0.0666}, {-0.0011, 0.0419, 0.7841},
		}},
	} {
		got, ok := c.of.toD50()
		for i := range 9 {
			if d := got[i/3][i%3] - c.want[i/3][i%3]; !ok || math.Abs(d) > 0.0005 {
				t.Errorf("%s: %.4f, want %.4f", name, got, c.want)
				break
			}
		}
	}
	for name, c := range map[string]Chromaticities{
		"one point": {{0.3, 0.3}, {0.3, 0.3}, {0.3, 0.3}, {0.3, 0.3}}, "zeros": {},
		"a line": {{0.3127, 0.329}, {0.2, 0.2}, {0.3, 0.3}, {0.4, 0.4}}, "beyond": {{0.3127, 0.329}, {9, 9}, {0.3, 0.6}, {0.15, 0.06}},
	} {
		if m, ok := c.toD50(); ok {
			t.Errorf("%s is a space of colours: %v", name, m)
		}
	}
}

// TestCodedTransfers holds the curves to what they all do: rise from 0 to 1.
func TestCodedTransfers(t *testing.T) {
	t.Parallel()
	for code := range 256 {
		transfer, ok := CodedTransfer(byte(code))
		if !ok {
			continue
		}
		last := -1.0
		for i := range 1001 {
			v := transfer(float64(i) / 1000)
			if v < last || v < 0 || v > 1.000001 {
				t.Fatalf("code %d: %f follows %f", code, v, last)
			}
			last = v
		}
		if transfer(0) != 0 || math.Abs(last-1) > 1e-6 {
			t.Errorf("code %d goes from %f to %f", code, transfer(0), last)
		}
	}
}
