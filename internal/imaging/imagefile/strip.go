package imagefile

import (
	"errors"
	"fmt"

	"vitrine.dev/internal/imaging/imagefile/gif"
	"vitrine.dev/internal/imaging/imagefile/jpeg"
	"vitrine.dev/internal/imaging/imagefile/png"
	"vitrine.dev/internal/imaging/imagefile/webp"
)

// ErrCannotStrip says that the format is none that Strip knows.
var ErrCannotStrip = errors.New("metadata of this format cannot be stripped")

// Strip returns a copy of a JPEG, PNG, GIF or WebP file with the same pixels
// and none of its metadata: no EXIF, XMP, IPTC, ICC profile, comment, thumbnail
// or bytes after the end. Whoever strips an orientation or a profile that
// matters changes how the picture looks; see Info. The copy is never larger.
// An error says that the file is broken or of another format.
func Strip(src []byte) ([]byte, error) {
	strip := map[Format]func([]byte) ([]byte, error){
		JPEG: jpeg.Strip, PNG: png.Strip, GIF: gif.Strip, WebP: webp.Strip,
	}[Sniff(src)]
	if strip == nil {
		return nil, ErrCannotStrip
	}
	out, err := strip(src)
	if err != nil {
		return nil, fmt.Errorf("strip metadata: %w", err)
	}
	return out, nil
}
