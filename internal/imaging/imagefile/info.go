package imagefile

import "encoding/binary"

// Info is what the structure of a file says about how to treat it.
type Info struct {
	Format Format
	// Whole says that a decoder has to hold the whole picture at once:
	// progressive JPEG and interlaced PNG.
	Whole bool
	// Lossless says that the pixels were stored as they were.
	Lossless bool
	// CMYK says that the pixels are ink, not light (JPEG only).
	CMYK bool
	// Orientation is the EXIF orientation, 1 (upright) to 8.
	Orientation int
	// Width and Height are what the file announces before it is turned, so that
	// they can be refused before a decoder sees them; 0 where it is not looked
	// up (WebP) or not found.
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
func (i Info) SRGB() bool { return !i.CMYK && (len(i.Profile) == 0 || profileIsSRGB(i.Profile)) }

// Inspect reads the structure of the file as far as it can be read. What is
// broken or missing is as if it were not there: it is the decoder that judges
// the file.
func Inspect(src []byte) Info {
	info := Info{Format: Sniff(src), Orientation: 1, Frames: 1, Pages: 1}
	switch info.Format {
	case JPEG:
		inspectJPEG(src, &info)
	case PNG:
		inspectPNG(src, &info)
	case WebP:
		inspectWebP(src, &info)
	case GIF:
		info.Lossless = true
		info.Frames = max(1, GIFFrames(src))
		if len(src) >= 10 {
			info.Width, info.Height = int64(binary.LittleEndian.Uint16(src[6:])), int64(binary.LittleEndian.Uint16(src[8:]))
		}
	case TIFF:
		info.Lossless = true // most are; those with JPEG inside lose nothing by it
		info.Orientation = Orientation(src)
		info.Profile = tiffProfile(src)
		info.Pages = tiffPages(src)
		f := readTIFF(src)
		info.Width, info.Height, info.Coding = f.width, f.height, f.coding
	case AVIF, HEIC: // whose decoder turns the picture itself
		info.Frames = isoFrames(src)
		f := readISO(src)
		info.Width, info.Height = f.width, f.height
	default:
	}
	return info
}
