package imaging

import (
	"vitrine.dev/internal/imaging/container"
	"vitrine.dev/internal/imaging/driver"
)

// rung is one way to write a picture: an encoding, or the source's own bytes
// without their metadata.
type rung struct {
	driver.Encoding

	stripped bool
}

// qualities are how far below the configured one a ladder goes.
func qualities(from int, steps ...int) []int {
	out := []int{from}
	for _, s := range steps {
		if q := from - s; q >= 1 {
			out = append(out, q)
		}
	}
	return out
}

// compressedLadder lists the encodings of the compressed picture from the
// wanted one down. The source's own bytes are among them at its own size.
func (w *work) compressedLadder(same bool) []rung {
	main := w.mainFormat()
	var ladder []rung
	add := func(f container.Format, qualities ...int) {
		for _, q := range qualities {
			ladder = append(ladder, rung{Encoding: driver.Encoding{Format: f, Quality: q}})
		}
	}
	webp := w.engine.Encodes(container.WebP)
	strippable := same && w.asIs() && w.strippedShowsAll()
	q := qualities(w.cfg.Quality, 10, 20, 30, 40, 50, 60, 70)

	add(main, q[0])
	if w.source.Lossless && webp {
		ladder = append(ladder, rung{Encoding: driver.Encoding{Format: container.WebP, Lossless: true, Quality: q[0]}})
	}
	if !w.source.Lossless && main != container.PNG {
		add(main, q[1:min(3, len(q))]...)
	}
	if strippable {
		ladder = append(ladder, rung{stripped: true})
	}
	if main != container.PNG {
		add(main, q[1:]...)
	}
	if webp {
		add(container.WebP, q...)
	} else {
		add(container.PNG, q[0])
	}
	return ladder
}

// strippedShowsAll reports whether the source without its metadata shows what
// the picture does, neither more frames nor others.
func (w *work) strippedShowsAll() bool {
	switch {
	case w.source.Format == container.TIFF:
		return false // it cannot be stripped
	case w.source.Frames == w.picture.Frames():
		return true
	default: // of an animation that is none, the still picture is left
		return w.source.Format == container.PNG && container.PNGAnimation(w.source.Body) == nil
	}
}

// mainFormat is what the compressed picture is written in if nothing speaks
// against it.
func (w *work) mainFormat() container.Format {
	switch {
	case w.picture.Frames() == 1 && !w.picture.Alpha():
		return container.JPEG
	case w.engine.Encodes(container.WebP):
		return container.WebP
	default:
		return container.PNG
	}
}

// variantLadders lists the encodings of one variant, for each format it comes
// in.
func (w *work) variantLadders() [][]rung {
	format := container.WebP
	if !w.engine.Encodes(format) {
		format = w.mainFormat()
	}
	ladder := []rung{}
	for _, q := range qualities(w.cfg.Quality, 15, 30) {
		ladder = append(ladder, rung{Encoding: driver.Encoding{Format: format, Quality: q}})
	}
	if w.source.Lossless && format == container.WebP {
		lossless := rung{Encoding: driver.Encoding{Format: format, Lossless: true, Quality: w.cfg.Quality}}
		ladder = append(ladder[:1], append([]rung{lossless}, ladder[1:]...)...)
	}
	if !w.cfg.AVIF || !w.engine.Encodes(container.AVIF) || w.picture.Frames() > 1 {
		return [][]rung{ladder}
	}
	avif := []rung{{Encoding: driver.Encoding{Format: container.AVIF, Quality: w.cfg.AVIFQuality}}}
	return [][]rung{avif, ladder} // reversed with the widths
}
