package products

import (
	"encoding/json"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
)

// encode makes the answer to a read of the product.
func (h *Handler) encode(p catalog.Product) (cache.Entry, error) {
	body, err := httpkit.Encode(wireProduct(p, h.URL))
	if err != nil {
		return cache.Entry{}, err
	}
	return cache.Entry{Version: p.Version, Body: body}, nil
}

func wireProduct(p catalog.Product, url func(key string) string) wire.Product {
	w := wire.Product{
		ID: p.ID, UserID: p.UserID, Name: p.Name, Description: p.Description, Price: wirePrice(p.Price),
		ImageURLs: make([]string, len(p.Images)), CompressedImages: []string{}, Images: make([]wire.Image, len(p.Images)),
	}
	for i, img := range p.Images {
		w.ImageURLs[i], w.Images[i] = img.SourceURL, Image(img, url)
		if c := w.Images[i].Compressed; c != nil {
			w.CompressedImages = append(w.CompressedImages, c.URL)
		}
	}
	return w
}

func wireSummary(s catalog.Summary) wire.Summary {
	return wire.Summary{ID: s.ID, UserID: s.UserID, Name: s.Name, Description: s.Description, Price: wirePrice(s.Price)}
}

func wirePrice(p catalog.Price) json.Number { return json.Number(p.String()) }

// Image is the JSON of an image; url is where the public reads an object.
func Image(img catalog.Image, url func(key string) string) wire.Image {
	w := wire.Image{ID: img.ID, SourceURL: img.SourceURL, Status: string(img.Status), Attempts: img.Attempts}
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
		return w
	}
	if p := img.Problem; p != nil {
		w.Reason = &wire.Reason{Code: string(p.Reason), Detail: p.Detail, Retryable: p.Reason.Retryable()}
	}
	return w
}

func wireOutput(o catalog.Output, url func(key string) string) wire.Output {
	return wire.Output{URL: url(o.Key), Format: o.Format, Width: o.Width, Height: o.Height, Bytes: o.Bytes}
}
