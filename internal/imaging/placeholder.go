package imaging

import (
	"context"
	"encoding/base64"
	"errors"

	"vitrine.dev/internal/imaging/engine"
	"vitrine.dev/internal/imaging/imagefile"
)

// MaxPlaceholder is the length of a placeholder in bytes, at most.
const MaxPlaceholder = 400

const placeholderQuality = 30

// makePlaceholder makes a miniature of so few pixels that it is a blur when it
// is shown at the picture's size, as large as the bound allows.
func makePlaceholder(ctx context.Context, w *work) error {
	encoding := engine.Encoding{Format: imagefile.WebP, Quality: placeholderQuality}
	if !w.engine.Encodes(imagefile.WebP) {
		encoding.Format = imagefile.PNG
	}
	still := w.picture.Still()
	defer still.Close()
	width, height := still.Size()
	for _, side := range []int{24, 20, 16, 12, 10, 8, 6, 4, 2, 1} {
		mw, mh := fit(width, height, side)
		mini, err := still.Resize(ctx, mw, mh)
		if err != nil {
			return err
		}
		body, err := mini.Encode(ctx, encoding)
		mini.Close()
		if err != nil {
			return err
		}
		uri := "data:" + encoding.Format.ContentType() + ";base64," + base64.StdEncoding.EncodeToString(body)
		if len(uri) <= MaxPlaceholder {
			w.out.Placeholder = uri
			return nil
		}
	}
	return errors.New("no placeholder is small enough")
}
