package structure

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
