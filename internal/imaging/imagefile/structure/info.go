package structure

import "vitrine.dev/internal/imaging/imagefile/icc"

// Info is what the structure of a file says about how to decode it.
type Info struct {
	// Whole says that a decoder has to hold the whole picture at once:
	// progressive JPEG and interlaced PNG.
	Whole bool
	// Lossless says that the pixels were stored as they were.
	Lossless bool
	// CMYK says that the pixels are ink, not light (JPEG only).
	CMYK bool
	// Orientation is the EXIF orientation, 1 (upright) to 8.
	Orientation int
	// Width and Height are what the file announces before it is rotated, so that
	// they can be refused before a decoder sees them; 0 where it is not found.
	Width, Height int64
	// Coding is empty but for files that few decoders can read.
	Coding Coding
	// Profile is the ICC profile of the pixels, nil for none.
	Profile []byte
	// Frames is how many pictures the file has to show one after the other, 1
	// unless it is an animation or a sequence. It is what the file claims.
	Frames int
	// Pages is 2 where a TIFF has more pages than one, else 1.
	Pages int
	// Assigned says that Profile, or that there is none, takes the place of
	// the embedded profile: other parts of the file say what the colours are.
	Assigned bool
}

// SRGB reports whether the pixels are to be read as sRGB, being untagged or
// tagged as that.
func (i Info) SRGB() bool { return !i.CMYK && (len(i.Profile) == 0 || icc.IsSRGB(i.Profile)) }
