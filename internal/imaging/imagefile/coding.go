package imagefile

import "strconv"

// Coding is how the pixels of a file are stored, where few decoders can read
// it: it goes into a sentence, as "JPEG pictures with 12 bits a sample".
// Empty is the usual.
type Coding string

// The codings. There are more, named after the number of a compression in TIFF
// and of the bits of a sample.
const (
	LosslessJPEG     Coding = "lossless JPEG pictures"
	HierarchicalJPEG Coding = "hierarchical JPEG pictures"
	ArithmeticJPEG   Coding = "JPEG pictures with arithmetic coding"
	LateHeightJPEG   Coding = "JPEG pictures whose height does not stand before their pixels"
	OldJPEGInTIFF    Coding = "TIFF pictures with JPEG of the old style"
	ComplexTIFF      Coding = "TIFF pictures with samples that are no plain numbers"
	TiledPlanes      Coding = "TIFF pictures in tiles with a plane for each channel"
)

// coding tells what few decoders can read: see ITU-T T.81, table B.1.
func (f jpegFrame) coding() Coding {
	switch {
	case f.marker&7 > 4: // differential frames
		return HierarchicalJPEG
	case f.marker&3 == 3:
		return LosslessJPEG
	case f.precision != 8:
		return Coding("JPEG pictures with " + strconv.Itoa(int(f.precision)) + " bits a sample")
	case f.marker > markJPG:
		return ArithmeticJPEG
	case f.height == 0: // it comes in a DNL segment
		return LateHeightJPEG
	default:
		return ""
	}
}
