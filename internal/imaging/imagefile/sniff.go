package imagefile

import (
	"bytes"
	"encoding/binary"

	"vitrine.dev/internal/imaging/imagefile/png"
)

// Format is a type of picture file.
type Format string

// The formats that are accepted as sources.
const (
	Unknown Format = ""
	JPEG    Format = "jpeg"
	PNG     Format = "png"
	GIF     Format = "gif"
	WebP    Format = "webp"
	TIFF    Format = "tiff"
	AVIF    Format = "avif"
	HEIC    Format = "heic"
)

// ContentType returns the media type of the format.
func (f Format) ContentType() string {
	if f == Unknown {
		return "application/octet-stream"
	}
	return "image/" + string(f)
}

// Sniff detects the format from the first bytes of a file, Unknown for everything
// that is not accepted as a picture.
func Sniff(src []byte) Format {
	switch {
	case bytes.HasPrefix(src, []byte("\xff\xd8\xff")):
		return JPEG
	case bytes.HasPrefix(src, []byte(png.Signature)):
		return PNG
	case bytes.HasPrefix(src, []byte("GIF87a")), bytes.HasPrefix(src, []byte("GIF89a")):
		return GIF
	case len(src) >= 12 && string(src[:4]) == "RIFF" && string(src[8:12]) == "WEBP":
		return WebP
	case bytes.HasPrefix(src, []byte("II*\x00")), bytes.HasPrefix(src, []byte("MM\x00*")):
		return TIFF
	case len(src) >= 16 && string(src[4:8]) == "ftyp":
		return sniffBrands(src)
	default:
		return Unknown
	}
}

// sniffBrands reads the ftyp box of an ISO base media file: the major brand
// decides, a generic one leaves it to the compatible brands.
func sniffBrands(src []byte) Format {
	size := int64(binary.BigEndian.Uint32(src))
	brands := src[8:max(16, min(int64(len(src)), size, 256))]
	for i := 0; i+4 <= len(brands); i += 4 {
		if i == 4 { // the minor version
			continue
		}
		switch string(brands[i : i+4]) {
		case "avif", "avis":
			return AVIF
		case "heic", "heix", "heim", "heis", "hevc", "hevx":
			return HEIC
		}
	}
	return Unknown
}
