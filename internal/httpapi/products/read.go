package products

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/bulk"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpapi/page"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/upload"
)

// Handler serves products. It is safe for concurrent use.
type Handler struct {
	Service *catalog.Service
	Bulks   *bulk.Service
	Views   *catalog.Views
	URL     func(key string) string // where the public reads an object
	Tag     func() string           // of answers now; the end of entity tags, and a part of what is cached
	Lists   httpkit.Budget          // for pages that are read, encoded and sent
	Details httpkit.Budget          // for products that are sent
	Uploads *upload.Service
	// Receiving bounds what pictures that are received take of the disk.
	Receiving httpkit.Budget
	Waits     Waits
	Cursors   page.Cursors
	Names     page.Names[*named]
}

// Get answers from encoded bytes: on a hit nothing is encoded again.
func (h *Handler) Get(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	encoding := h.Tag()
	view, err := h.Views.Product(r.Context(), auth.From(r.Context()), id, encoding, func(ctx context.Context) (catalog.View, error) {
		p, err := h.Service.Product(ctx, auth.Everyone(), id) // for all who ask for it at once
		if err != nil {
			return catalog.View{}, fmt.Errorf("load product %d: %w", id, err)
		}
		return h.encode(p)
	})
	if err != nil {
		return fmt.Errorf("get product %d: %w", id, err)
	}
	if err := readPrecondition(r, view.Version); err != nil {
		return err
	}
	tag := httpkit.VersionTag(view.Version, view.Revision, encoding)
	if httpkit.NotModified(r, tag) {
		setTag(w.Header(), tag)
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	if len(view.Body) > httpkit.FreeBytes {
		held, err := h.Details.TakeNow(r.Context(), int64(len(view.Body)))
		if err != nil {
			return err
		}
		defer held.Free()
	}
	writeView(w, view, tag)
	return nil
}

// writeView answers 200 with an encoded product and its entity tag.
func writeView(w http.ResponseWriter, v catalog.View, tag string) {
	setTag(w.Header(), tag)
	httpkit.Write(w, http.StatusOK, httpkit.TypeJSON, v.Body)
}

// setTag sets the entity tag of the answer, and that it must be revalidated
// before it is reused. The map is written directly: the names are in
// canonical form.
func setTag(h http.Header, tag string) {
	values := [...]string{tag, "no-cache"}
	h["Etag"], h["Cache-Control"] = values[:1:1], values[1:]
}

// readPrecondition evaluates If-Match on a read, as RFC 9110 wants it.
func readPrecondition(r *http.Request, version int64) error {
	versions, err := httpkit.ReadPrecondition(r)
	if err == nil && versions != nil && !slices.Contains(versions, version) {
		return fault.New(fault.Stale, "the product is at another version")
	}
	return err
}

// encode makes the answer to a read of the product.
func (h *Handler) encode(p catalog.Product) (catalog.View, error) {
	body, err := h.shown(p)
	if err != nil {
		return catalog.View{}, err
	}
	return catalog.View{UserID: p.UserID, Version: p.Version, Revision: p.Revision, Body: body}, nil
}

// shown and shownImage are what clients are shown.
func (h *Handler) shown(p catalog.Product) ([]byte, error) {
	return httpkit.Encode(wireProduct(p, h.URL))
}

// shownAnywhere is what clients are shown of a product by itself and in lists.
func (h *Handler) shownAnywhere(p catalog.Product) ([]byte, error) {
	listed := wireSummary(p.Summary(), h.URL)
	return httpkit.Encode(struct {
		wire.Product

		Counts wire.ImageCounts `json:"image_counts"`
		Cover  *wire.Cover      `json:"cover,omitempty"`
	}{wireProduct(p, h.URL), listed.Images, listed.Cover})
}

func (h *Handler) shownImage(img catalog.Image) ([]byte, error) {
	return httpkit.Encode(CurrentImage(img, h.URL))
}

func wireProduct(p catalog.Product, url func(key string) string) wire.Product {
	w := wire.Product{
		ID: p.ID, UserID: p.UserID, Name: p.Name, Description: p.Description, Price: wirePrice(p.Price),
		ImageURLs: make([]string, len(p.Images)), CompressedImages: []string{}, Images: make([]wire.Image, len(p.Images)),
		Version: p.Version, Revision: p.Revision,
		ExternalID: p.ExternalID, Metadata: p.Metadata, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}
	for i, img := range p.Images {
		w.ImageURLs[i], w.Images[i] = img.SourceURL, Image(img, url)
		if c := w.Images[i].Compressed; c != nil {
			w.CompressedImages = append(w.CompressedImages, c.URL)
		}
	}
	return w
}

func wireSummary(s catalog.Summary, url func(key string) string) wire.Summary {
	w := wire.Summary{
		ID: s.ID, UserID: s.UserID, Name: s.Name, Description: s.Description, Price: wirePrice(s.Price),
		Images:     wireCounts(s.Images),
		ExternalID: s.ExternalID, Metadata: s.Metadata, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, Version: s.Version,
	}
	if s.Cover != nil {
		w.Cover = &wire.Cover{Output: wireOutput(s.Cover.Output, url), Placeholder: s.Cover.Placeholder}
	}
	return w
}

func wirePrice(p catalog.Price) json.Number { return json.Number(p.String()) }

// Image is the JSON of an image; url is where the public reads an object.
func Image(img catalog.Image, url func(key string) string) wire.Image {
	w := wire.Image{
		ID: img.ID, SourceURL: img.SourceURL, Status: string(img.Status), Attempts: img.Attempts,
		Alt: img.Alt, CreatedAt: img.CreatedAt, UpdatedAt: img.UpdatedAt,
	}
	if img.Status == catalog.Ready && img.Rendition != nil {
		r := img.Rendition
		compressed := wireOutput(r.Compressed, url)
		w.SourceBytes, w.Width, w.Height, w.Placeholder = r.SourceBytes, r.Width, r.Height, r.Placeholder
		w.Compressed, w.Variants = &compressed, make([]wire.Output, len(r.Variants))
		for i, v := range r.Variants {
			w.Variants[i] = wireOutput(v, url)
		}
		for _, n := range r.Notes {
			w.Notes = append(w.Notes, wire.Note{Code: string(n), Detail: n.Detail()})
		}
		w.SrcSet, w.HTML = cmp.Or(srcSet(w.Variants, isWebP), srcSet(w.Variants, isOld)), picture(w)
		return w
	}
	if p := img.Problem; p != nil {
		w.Reason = &wire.Reason{Code: string(p.Reason), Detail: p.Detail, Retryable: p.Reason.Retryable()}
	}
	return w
}

// CurrentImage is the JSON of an image by itself.
func CurrentImage(img catalog.Image, url func(key string) string) wire.CurrentImage {
	return wire.CurrentImage{Image: Image(img, url), Position: img.Position, RefreshError: string(img.RefreshError)}
}

func wireOutput(o catalog.Output, url func(key string) string) wire.Output {
	return wire.Output{URL: url(o.Key), Format: o.Format, Width: o.Width, Height: o.Height, Bytes: o.Bytes}
}
