package imagefile

// Repair returns the file with the oddities repaired that every browser passes
// over and that some decoder refuses, so that all engines accept the same
// files: see repairJPEG, repairPNG and repairGIF. It touches nothing that makes
// a pixel, so a truncated picture stays one. A file that has none of them is
// returned as it is, not copied; src is never written to.
//
// Ended says that a JPEG was given an end: whether it has all its pixels is to
// be found out by a decoder that does not make up those that are missing.
func Repair(src []byte) (repaired []byte, ended bool) {
	switch Sniff(src) {
	case JPEG:
		return repairJPEG(src)
	case PNG:
		return repairPNG(src), false
	case GIF:
		return repairGIF(src), false
	default: // the decoders of the others agree
		return src, false
	}
}

// repairGIF drops extensions of kinds that no standard knows, and adds the
// trailer to a file that ends after a whole block.
func repairGIF(src []byte) []byte {
	const head = 13
	if len(src) < head {
		return src
	}
	e := &editor{src: src}
	picture := false
	for at := head + gifTable(src[10]); at < len(src); {
		n, err := gifBlock(src[at:])
		if err != nil {
			return src
		}
		switch src[at] {
		case gifTrailer:
			return e.result()
		case gifImage:
			picture = true
		case gifExtension:
			if k := src[at+1]; k != gifText && k != gifControl && k != gifComment && k != gifApplication {
				e.replace(at, at+n)
			}
		}
		at += n
	}
	if !picture {
		return src
	}
	e.replace(len(src), len(src), gifTrailer)
	return e.result()
}

// editor copies a file with changes, which are made from front to back. Where
// there are none, there is no copy.
type editor struct {
	src  []byte
	out  []byte // src[:done] with the changes
	done int
}

// replace puts other bytes in the place of src[from:to], which has not been
// passed yet.
func (e *editor) replace(from, to int, with ...byte) {
	if e.out == nil {
		e.out = make([]byte, 0, len(e.src)+16)
	}
	e.out = append(append(e.out, e.src[e.done:from]...), with...)
	e.done = to
}

// position is where the byte at the place of src, which has not been passed
// yet, comes to be in the result.
func (e *editor) position(at int) int { return len(e.out) + at - e.done }

// result returns src with the changes.
func (e *editor) result() []byte {
	if e.out == nil {
		return e.src
	}
	e.out = append(e.out, e.src[e.done:]...)
	e.done = len(e.src)
	return e.out
}
