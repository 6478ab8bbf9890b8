package archive

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/catalog/imageurl"
	"vitrine.dev/internal/fault"
)

// Type is the content type of an archive.
const Type = "application/x-tar"

// The names of entries; those of pictures are their keys in the storage.
const (
	missingPrefix  = "missing/"
	productsPrefix = "products/"
	endName        = "export.json"
)

const (
	// partBytes is what a part of the file of products has, without its last product.
	partBytes = 256 << 10
	// remembered is how many pictures are known to be in the archive already, at least. One that is
	// shown once more after so many others is in it twice.
	remembered = 16 << 10
)

// End is the last entry of an archive.
type End struct {
	After    string `json:"events_after"` // where events follow that the products do not have
	Until    string `json:"events_until"` // nothing in the archive is newer than this event
	Products int64  `json:"products"`
	Parts    int    `json:"parts"`   // of the file of products
	Sources  int64  `json:"sources"` // pictures
	Missing  int64  `json:"missing"` // pictures that the storage does not have
}

// Writer writes an archive: as a rows.Writer writes a file of products, in front of each the
// pictures that it shows. After an error it writes nothing more.
type Writer struct {
	tar  *tar.Writer
	open func(sum [sha256.Size]byte) (blob.Object, error)
	rows *rows.Writer
	part *bytes.Buffer // of the file of products
	had  recent
	ext  string
	end  End
}

// NewWriter returns a Writer of an archive with a file of products in the format. Pictures are opened
// by their SHA-256; where that answers with fault.NotFound, the picture is missing.
func NewWriter(to io.Writer, format rows.Format, open func(sum [sha256.Size]byte) (blob.Object, error)) *Writer {
	part := new(bytes.Buffer)
	return &Writer{
		tar: tar.NewWriter(to), open: open, rows: rows.NewWriter(part, format), part: part, ext: "." + string(format),
		had: recent{most: remembered},
	}
}

// Begin writes what stands before the products: see rows.Writer.
func (w *Writer) Begin(after string) error {
	w.end.After = after
	return w.rows.Begin(after)
}

// Write writes the pictures of the product that are not in the archive yet, and its row.
func (w *Writer) Write(p rows.ProductRow) error {
	for _, url := range p.Images {
		if sum, sent := imageurl.UploadOf(url); sent && w.had.add(sum) {
			if err := w.source(sum); err != nil {
				return err
			}
		}
	}
	if err := w.rows.Write(p); err != nil {
		return err
	}
	if err := w.rows.Flush(); err != nil || w.part.Len() < partBytes {
		return err
	}
	return w.cut()
}

// source writes the picture, or that it is missing.
func (w *Writer) source(sum [sha256.Size]byte) error {
	object, err := w.open(sum)
	if fault.KindOf(err) == fault.NotFound {
		w.end.Missing++
		return w.entry(missingPrefix+hex.EncodeToString(sum[:]), 0)
	}
	if err != nil {
		return fmt.Errorf("open a picture: %w", err)
	}
	defer object.Body.Close()
	w.end.Sources++
	if err := w.entry(object.Key, object.Bytes); err != nil {
		return err
	}
	if n, err := io.Copy(w.tar, object.Body); err != nil {
		return fmt.Errorf("write picture %s: %w", object.Key, err)
	} else if n != object.Bytes {
		return fmt.Errorf("picture %s ended after %d of %d bytes: %w", object.Key, n, object.Bytes, io.ErrUnexpectedEOF)
	}
	return nil
}

// entry begins an entry of so many bytes. It has no time: the same products and pictures make the
// same bytes.
func (w *Writer) entry(name string, bytes int64) error {
	const mode = 0o644
	if err := w.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: bytes, Mode: mode, Format: tar.FormatPAX}); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// cut ends a part of the file of products.
func (w *Writer) cut() error {
	w.end.Parts++
	if err := w.entry(fmt.Sprintf("%s%08d%s", productsPrefix, w.end.Parts, w.ext), int64(w.part.Len())); err != nil {
		return err
	}
	if _, err := w.part.WriteTo(w.tar); err != nil {
		return fmt.Errorf("write products: %w", err)
	}
	return nil
}

// End writes what stands behind the products, and the end of the archive.
func (w *Writer) End(until string, products int64) error {
	w.end.Until, w.end.Products = until, products
	if err := w.rows.End(until, products); err != nil {
		return err
	}
	if err := w.rows.Flush(); err != nil {
		return err
	}
	if err := w.cut(); err != nil {
		return err
	}
	text, err := json.Marshal(w.end)
	if err != nil {
		return fmt.Errorf("encode the end of an archive: %w", err)
	}
	text = append(text, '\n')
	if err := w.entry(endName, int64(len(text))); err != nil {
		return err
	}
	if _, err := w.tar.Write(text); err != nil {
		return fmt.Errorf("write %s: %w", endName, err)
	}
	if err := w.tar.Close(); err != nil {
		return fmt.Errorf("write the end of an archive: %w", err)
	}
	return nil
}

// Flush does nothing: what was written has gone on its way, but for a part that is not full.
func (*Writer) Flush() error { return nil }

// recent knows the pictures that were added last: at least so many of them, and at most twice as
// many. Half a SHA-256 tells them apart.
type recent struct {
	most          int
	newer, before map[half]struct{}
}

type half = [sha256.Size / 2]byte

// add reports whether the picture is not known.
func (r *recent) add(sum [sha256.Size]byte) bool {
	short := half(sum[:])
	_, newer := r.newer[short]
	_, before := r.before[short]
	if newer || before {
		return false
	}
	if r.newer == nil || len(r.newer) == r.most {
		r.newer, r.before = make(map[half]struct{}), r.newer
	}
	r.newer[short] = struct{}{}
	return true
}
