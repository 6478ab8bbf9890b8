package products

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/imageurl"
	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/fault"
)

// sniffed is how much of a picture http.DetectContentType looks at.
const sniffed = 512

// sourceTime bounds the sending of a source.
const sourceTime = time.Minute

// shownTypes are those of pictures that every browser shows.
func shownTypes() []string { return []string{"image/jpeg", "image/png", "image/gif", "image/webp"} }

// uploaded reports whether the picture itself was sent, so that its source is kept.
func uploaded(img catalog.Image) bool {
	_, sent := imageurl.UploadOf(img.SourceURL)
	return sent
}

// source answers with the picture that was sent for an image, as it came: only as a picture, whatever it
// claims to be.
func (p *Pages) source(w http.ResponseWriter, r *http.Request) error {
	product, err := frame.PathID(r, "id")
	if err != nil {
		return err
	}
	image, err := frame.PathID(r, "image")
	if err != nil {
		return err
	}
	_, img, err := p.Catalog.Image(r.Context(), auth.From(r.Context()), product, image)
	if err != nil {
		return fmt.Errorf("read source of image %d of product %d: %w", image, product, err)
	}
	object, err := p.Uploads.Open(r.Context(), img)
	if err != nil {
		return fmt.Errorf("read source of image %d: %w", image, err)
	}
	defer object.Body.Close()
	body := bufio.NewReaderSize(object.Body, sniffed)
	begin, err := body.Peek(sniffed)
	if err != nil && len(begin) == 0 {
		return fmt.Errorf("read source of image %d: %w", image, err)
	}
	kind := http.DetectContentType(begin)
	if !slices.Contains(shownTypes(), kind) {
		return fault.New(fault.NotFound, "the picture that was sent is of a type that browsers do not show")
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(sourceTime)) // not of every writer
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "private, max-age=300")
	_, _ = io.Copy(w, body) // the client is gone, or sees that the picture has no end
	return nil
}
