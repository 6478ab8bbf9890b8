package archive

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/bulk/rows"
)

// Archive is one that is whole.
type Archive struct {
	End

	Format       rows.Format
	ProductBytes int64 // of the file of products
	// Lost are the SHA-256 of the first pictures that are missing, in hex digits.
	Lost []string

	file  io.ReaderAt
	bytes int64
	parts []io.Reader
}

// mostLost bounds Lost.
const mostLost = 10

// ErrNotWhole is why an archive is not read that was broken off, or that something was taken from.
var ErrNotWhole = errors.New("the archive is not whole")

// Open reads the names of all entries of a file of so many bytes. ErrNotWhole; errors where it is
// no archive that a Writer has written, and of the file.
func Open(file io.ReaderAt, bytes int64) (*Archive, error) {
	a := &Archive{file: file, bytes: bytes}
	var sources, missing int64
	ended := false
	err := a.walk(func(name string, body *io.SectionReader) error {
		switch prefix, rest := path.Split(name); {
		case blob.IsSource(name):
			sources++
		case prefix == missingPrefix:
			if missing++; len(a.Lost) < mostLost {
				a.Lost = append(a.Lost, rest)
			}
		case prefix == productsPrefix:
			return a.addPart(rest, body)
		case name == endName:
			ended = true
			if err := json.NewDecoder(io.LimitReader(body, partBytes)).Decode(&a.End); err != nil {
				return fmt.Errorf("%s: %w", endName, err)
			}
		default:
			return fmt.Errorf("an export has no %.200q", name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !ended || sources != a.Sources || missing != a.Missing || len(a.parts) != a.Parts {
		return nil, ErrNotWhole
	}
	return a, nil
}

// addPart adds a part of the file of products, which must be the next one.
func (a *Archive) addPart(name string, body *io.SectionReader) error {
	digits, format, _ := strings.Cut(name, ".")
	if digits != fmt.Sprintf("%08d", len(a.parts)+1) {
		return fmt.Errorf("%s%.200s is not the next part of the products, which is %08d", productsPrefix, name, len(a.parts)+1)
	}
	if len(a.parts) == 0 {
		a.Format = rows.Format(format)
	}
	if a.Format != rows.Format(format) || a.Format != rows.NDJSON && a.Format != rows.CSV {
		return fmt.Errorf("%s%.200s is neither NDJSON nor CSV, or not as the parts before", productsPrefix, name)
	}
	a.parts = append(a.parts, body)
	a.ProductBytes += body.Size()
	return nil
}

// Products returns the file of products, once.
func (a *Archive) Products() io.Reader { return io.MultiReader(a.parts...) }

// EachSource calls visit for every picture, with its SHA-256, until that returns an error, which it returns.
// Pictures can be read by several goroutines at once.
func (a *Archive) EachSource(visit func(sum [sha256.Size]byte, picture *io.SectionReader) error) error {
	return a.walk(func(name string, body *io.SectionReader) error {
		if !blob.IsSource(name) {
			return nil
		}
		var sum [sha256.Size]byte
		if _, err := hex.Decode(sum[:], []byte(path.Base(name))); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return visit(sum, body)
	})
}

// walk calls visit for every file in it.
func (a *Archive) walk(visit func(name string, body *io.SectionReader) error) error {
	whole := io.NewSectionReader(a.file, 0, a.bytes)
	for entries := tar.NewReader(whole); ; {
		header, err := entries.Next()
		switch {
		case err == io.EOF: //nolint:errorlint // as it is documented
			return nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			return ErrNotWhole
		case err != nil:
			return fmt.Errorf("read the archive: %w", err)
		case header.Typeflag == tar.TypeDir: // of who has packed it again
			continue
		case header.Typeflag != tar.TypeReg:
			return fmt.Errorf("%.200q is no file", header.Name)
		}
		begins, err := whole.Seek(0, io.SeekCurrent) // the reader has read the header, and nothing behind it
		if err != nil {
			return fmt.Errorf("read the archive: %w", err)
		}
		if begins+header.Size > a.bytes {
			return ErrNotWhole
		}
		if err := visit(path.Clean(header.Name), io.NewSectionReader(a.file, begins, header.Size)); err != nil {
			return err
		}
	}
}
