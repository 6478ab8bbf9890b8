package imaging

import (
	"math"
	"slices"
)

const (
	// Box is the side of the square that the compressed picture fits in.
	Box = 2048
	// maxSide is the longest side that WebP can have. A variant that would be
	// taller is not made.
	maxSide = 16383
)

// Widths returns the widths of the variants, ascending.
func Widths() []int { return []int{320, 800, 1600} }

// target is a size that is wanted.
type target struct {
	width, height int
	compressed    bool // as the compressed picture
	variant       bool // as a variant
}

func (t target) pixels() int { return t.width * t.height }

// targetsOf lists the sizes for a source of the upright size, the largest
// first. One size serves as both where they agree.
func targetsOf(width, height int) []target {
	w, h := fit(width, height, Box)
	targets := []target{{width: w, height: h, compressed: true}}
	for _, v := range Widths() {
		t := target{width: v, height: scaled(height, v, width), variant: true}
		switch {
		case v > width || t.height > maxSide:
		case t.width == w && t.height == h:
			targets[0].variant = true
		default:
			targets = append(targets, t)
		}
	}
	slices.SortStableFunc(targets, func(a, b target) int { return b.pixels() - a.pixels() })
	return targets
}

// fit returns the largest size of the same shape within the square, never
// larger than the given.
func fit(width, height, box int) (w, h int) {
	longest := max(width, height)
	if longest <= box {
		return width, height
	}
	return scaled(width, box, longest), scaled(height, box, longest)
}

// scaled is n*num/den, rounded, at least 1.
func scaled(n, num, den int) int {
	return max(1, int(math.Round(float64(n)*float64(num)/float64(den))))
}
