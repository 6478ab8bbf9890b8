package jpeg

import (
	"strconv"

	"vitrine.dev/internal/imaging/imagefile/structure"
)

// coding returns what few decoders can read: see ITU-T T.81, table B.1.
func (f frameHeader) coding() structure.Coding {
	switch {
	case f.marker&7 > 4: // differential frames
		return structure.HierarchicalJPEG
	case f.marker&3 == 3:
		return structure.LosslessJPEG
	case f.precision != 8:
		return structure.Coding("JPEG pictures with " + strconv.Itoa(int(f.precision)) + " bits a sample")
	case f.marker > markJPG:
		return structure.ArithmeticJPEG
	case f.height == 0: // it comes in a DNL segment
		return structure.LateHeightJPEG
	default:
		return ""
	}
}
