package imaging

import (
	"vitrine.dev/internal/imaging/engine"
	"vitrine.dev/internal/imaging/imagefile"
	"vitrine.dev/internal/imaging/imagefile/png"
)

// rung is one way to write a picture: an encoding, or the source's own bytes
// without their metadata.
type rung struct {
	engine.Encoding

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
// wanted one down: those that look as they ought to and those that are taken
// rather than one much heavier than the source. The source's own bytes are among
// them at its own size.
func (w *work) compressedLadder(same bool) (good, poor []rung) {
	main := w.mainFormat()
	q := qualities(w.preset.Quality, 10, 20, 30, 40, 50, 60, 70)
	switch {
	case main == imagefile.PNG:
		good = rungs(main, q[0])
	case w.source.Lossless:
		good, poor = rungs(main, q[0]), rungs(main, q[1:]...)
	default:
		fair := min(3, len(q))
		good, poor = rungs(main, q[:fair]...), rungs(main, q[fair:]...)
	}
	if same && w.asIs() && w.strippedShowsAll() {
		good = append(good, rung{stripped: true})
	}
	if w.engine.Encodes(imagefile.WebP) {
		return good, append(poor, rungs(imagefile.WebP, q...)...)
	}
	return good, append(poor, rungs(imagefile.PNG, q[0])...)
}

// variantLadder lists the encodings of a variant in the same way.
func (w *work) variantLadder() (good, poor []rung) {
	format := imagefile.WebP
	if !w.engine.Encodes(format) {
		format = w.mainFormat()
	}
	q := qualities(w.preset.Quality, 15, 30)
	if w.source.Lossless {
		return rungs(format, q[0]), rungs(format, q[1:]...)
	}
	return rungs(format, q...), nil
}

func rungs(f imagefile.Format, qualities ...int) (ladder []rung) {
	for _, q := range qualities {
		ladder = append(ladder, rung{Encoding: engine.Encoding{Format: f, Quality: q}})
	}
	return ladder
}

// strippedShowsAll reports whether the source without its metadata shows what
// the picture does, neither more frames nor others.
func (w *work) strippedShowsAll() bool {
	switch {
	case w.source.Format == imagefile.TIFF:
		return false // it cannot be stripped
	case w.source.Frames == w.picture.Frames():
		return true
	default: // of an animation that is none, the still picture is left
		return w.source.Format == imagefile.PNG && png.Animation(w.source.Body) == nil
	}
}

// mainFormat is what the compressed picture is written in if nothing speaks
// against it.
func (w *work) mainFormat() imagefile.Format {
	switch {
	case w.picture.Frames() == 1 && !w.picture.Alpha():
		return imagefile.JPEG
	case w.engine.Encodes(imagefile.WebP):
		return imagefile.WebP
	default:
		return imagefile.PNG
	}
}
