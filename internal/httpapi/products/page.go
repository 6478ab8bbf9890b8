package products

import (
	"bytes"
	"encoding/binary"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpkit"
)

const (
	// pageHead is the length of what precedes the body in a cached page:
	// the id after which the next page begins. The Link header is made from it
	// for each request, because requests that are spelled differently share a
	// page.
	pageHead = 8
	// maxPageBody is where a page ends whose texts take more in JSON than they
	// have bytes (a control character takes six). Other pages reach
	// catalog.MaxPageBytes first.
	maxPageBody = 2 * catalog.MaxPageBytes
	// summaryBytes is about what a product takes on a page beside its texts.
	summaryBytes = 160
	// maxPageMemory is what a page takes while it is read and encoded.
	maxPageMemory = catalog.MaxPageBytes + maxPageBody
)

// encodePage encodes one product after the other and releases each, so that a
// page is not held twice.
func encodePage(p catalog.Page) (cache.Entry, error) {
	size := pageHead + 3
	for _, s := range p.Products {
		size += summaryBytes + len(s.Name) + len(s.Description)
	}
	body, next := bytes.NewBuffer(make([]byte, pageHead, size)), p.Next
	e := httpkit.NewEncoder(body)
	body.WriteByte('[')
	for i, last := 0, int64(0); i < len(p.Products); i++ {
		before := body.Len()
		if i > 0 {
			body.WriteByte(',')
		}
		if err := e.Encode(wireSummary(p.Products[i])); err != nil {
			return cache.Entry{}, err
		}
		body.Truncate(body.Len() - 1) // the line break after it
		if i > 0 && body.Len() > maxPageBody {
			body.Truncate(before)
			next = last
			break
		}
		last, p.Products[i] = p.Products[i].ID, catalog.Summary{}
	}
	body.WriteString("]\n")
	b := body.Bytes()
	binary.BigEndian.PutUint64(b, uint64(next))
	// Lists have no version of their own: every change starts a new generation.
	return cache.Entry{Version: 1, Body: b}, nil
}
