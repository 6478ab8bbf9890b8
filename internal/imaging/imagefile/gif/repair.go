package gif

import "vitrine.dev/internal/imaging/imagefile/structure"

// Repair drops extensions of kinds that no standard knows, and adds the
// trailer to a file that ends after a whole block.
func Repair(src []byte) []byte {
	const head = 13
	if len(src) < head {
		return src
	}
	e := &structure.Editor{Src: src}
	picture := false
	for at := head + tableLength(src[10]); at < len(src); {
		n, err := blockLength(src[at:])
		if err != nil {
			return src
		}
		switch src[at] {
		case blockTrailer:
			return e.Result()
		case blockImage:
			picture = true
		case blockExtension:
			if k := src[at+1]; k != labelText && k != labelControl && k != labelComment && k != labelApplication {
				e.Replace(at, at+n)
			}
		}
		at += n
	}
	if !picture {
		return src
	}
	e.Replace(len(src), len(src), blockTrailer)
	return e.Result()
}
