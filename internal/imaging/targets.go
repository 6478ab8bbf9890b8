package imaging

import (
	"math"
	"slices"

	"vitrine.dev/internal/media"
)

// target is a size that is wanted.
type target struct {
	width, height int
	compressed    bool // as the compressed picture
	variant       bool // as a variant
}

func (t target) pixels() int { return t.width * t.height }

// targetsOf lists the sizes for a source of the upright size, the largest
// first. One size serves as both where they agree. A variant that would be taller
// than WebP can be is not made. A source between two steps, or below them all, has a
// variant of its own size, too.
func targetsOf(width, height int, p media.Preset) []target {
	w, h := fit(width, height, p.Box)
	targets := []target{{width: w, height: h, compressed: true}}
	widths := p.Widths
	if n := len(widths); n > 0 && width < widths[n-1] && !slices.Contains(widths, width) {
		widths = append(slices.Clone(widths), width)
	}
	for _, v := range widths {
		t := target{width: v, height: scaled(height, v, width), variant: true}
		switch {
		case v > width || t.height > media.MaxSide:
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
