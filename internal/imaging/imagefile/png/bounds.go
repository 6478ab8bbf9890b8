package png

import "vitrine.dev/internal/imaging/imagefile/structure"

// maxPacked is the number of compressed texts and profiles of a PNG: each
// may unpack to 8 MB, which libpng does twice. 32 of them take 2.4 s.
const maxPacked = 32

// Bounded returns a *structure.ExcessError for too many compressed texts and
// profiles.
func Bounded(src []byte) error {
	packed := structure.Tally{Parts: "compressed texts and profiles", Limit: maxPacked}
	for rest := src[len(Signature):]; ; {
		c, after, err := nextChunk(rest)
		if err != nil {
			break
		}
		if c.name == "zTXt" || c.name == "iTXt" || c.name == "iCCP" {
			packed.Add(1)
		}
		rest = after
	}
	return packed.Excess()
}
