package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/catalog"
)

// The answers, field for field. Slices are never nil unless absent.

type created struct {
	Message   string `json:"message"    example:"Product created successfully"`
	ProductID int64  `json:"product_id" example:"101"                          minimum:"1"`
}

type summary struct {
	ID          int64         `json:"id"                  minimum:"1" example:"101"`
	UserID      int64         `json:"user_id"             minimum:"1" example:"1"`
	Name        string        `json:"product_name"        example:"Smartphone"`
	Description string        `json:"product_description" example:"Latest model with advanced features"`
	Price       catalog.Price `json:"product_price"`
}

type product struct {
	ID               int64         `json:"id"                        minimum:"1" example:"101"`
	UserID           int64         `json:"user_id"                   minimum:"1" example:"1"`
	Name             string        `json:"product_name"              example:"Smartphone"`
	Description      string        `json:"product_description"       example:"Latest model with advanced features"`
	ImageURLs        []string      `json:"product_images"            nullable:"false" doc:"The source images, as they were given"`
	CompressedImages []string      `json:"compressed_product_images" nullable:"false" doc:"Where the images that are ready can be read, in source order"`
	Price            catalog.Price `json:"product_price"`
	Images           []image       `json:"images"                    nullable:"false" doc:"One entry per source image, in source order"`
}

type image struct {
	ID        int64          `json:"id"               minimum:"1"`
	SourceURL string         `json:"source_url"`
	Status    catalog.Status `json:"status"           enum:"pending,processing,ready,failed"`
	Attempts  int            `json:"attempts"         minimum:"0" doc:"Attempts begun so far"`
	Reason    *reason        `json:"reason,omitempty" doc:"Why the last attempt failed; absent where nothing went wrong"`
	// The results: all of them, or none until the image is ready.
	SourceBytes int64    `json:"source_bytes,omitempty" minimum:"1"`
	Width       int      `json:"width,omitempty"        minimum:"1" doc:"Of the upright source, in pixels"`
	Height      int      `json:"height,omitempty"       minimum:"1"`
	Placeholder string   `json:"placeholder,omitempty"  doc:"Data URI of a blurred miniature, to show while the image loads"`
	Compressed  *output  `json:"compressed,omitempty"`
	Variants    []output `json:"variants,omitzero"      required:"false" nullable:"false" doc:"For srcset, by ascending width"`
	Notes       []note   `json:"notes,omitempty"        required:"false" nullable:"false" doc:"How what is shown differs from the source, where that is no failure; absent where it does not"`
}

type note struct {
	Code   catalog.Note `json:"code"   enum:"first_frame_only,first_page_only"`
	Detail string       `json:"detail" doc:"The same in a sentence for people"`
}

type reason struct {
	Code      string `json:"code"`
	Detail    string `json:"detail"`
	Retryable bool   `json:"retryable" doc:"Whether the same work can end otherwise when tried again"`
}

type output struct {
	URL    string `json:"url"`
	Format string `json:"format" example:"webp"`
	Width  int    `json:"width"  minimum:"1"`
	Height int    `json:"height" minimum:"1"`
	Bytes  int64  `json:"bytes"  minimum:"1"`
}

// formOf names how answers are written: it changes with where the world reads
// images and with everything that the description says of an answer. It is a part
// of entity tags and of what is cached, so that neither a client nor another
// process takes an answer for its own that has other URLs or fields in it.
func formOf(d *description, url func(key string) string) string {
	schemas, err := json.Marshal(d.doc.Components.Schemas)
	if err != nil { // types of this package cannot fail to encode
		schemas = nil
	}
	sum := sha256.Sum256(append(schemas, url("")...))
	return base64.RawURLEncoding.EncodeToString(sum[:formBytes])
}

// formBytes makes eight characters; forms are told apart, not kept secret.
const formBytes = 6

// encodeProduct makes the answer to a read of the product.
func (a *api) encodeProduct(p catalog.Product) (cache.Entry, error) {
	body, err := encode(a.wireProduct(p))
	if err != nil {
		return cache.Entry{}, err
	}
	return cache.Entry{Version: p.Version, Body: body}, nil
}

func (a *api) wireProduct(p catalog.Product) product {
	w := product{
		ID: p.ID, UserID: p.UserID, Name: p.Name, Description: p.Description, Price: p.Price,
		ImageURLs: make([]string, len(p.Images)), CompressedImages: []string{}, Images: make([]image, len(p.Images)),
	}
	for i, img := range p.Images {
		w.ImageURLs[i], w.Images[i] = img.SourceURL, a.wireImage(img)
		if c := w.Images[i].Compressed; c != nil {
			w.CompressedImages = append(w.CompressedImages, c.URL)
		}
	}
	return w
}

func (a *api) wireImage(img catalog.Image) image {
	w := image{ID: img.ID, SourceURL: img.SourceURL, Status: img.Status, Attempts: img.Attempts}
	if img.Status == catalog.Ready && img.Rendition != nil {
		r := img.Rendition
		compressed := a.wireOutput(r.Compressed)
		w.SourceBytes, w.Width, w.Height, w.Placeholder = r.SourceBytes, r.Width, r.Height, r.Placeholder
		w.Compressed, w.Variants = &compressed, make([]output, len(r.Variants))
		for i, v := range r.Variants {
			w.Variants[i] = a.wireOutput(v)
		}
		for _, n := range r.Notes {
			w.Notes = append(w.Notes, note{Code: n, Detail: n.Detail()})
		}
		return w
	}
	if p := img.Problem; p != nil {
		w.Reason = &reason{Code: string(p.Reason), Detail: p.Detail, Retryable: p.Reason.Retryable()}
	}
	return w
}

func (a *api) wireOutput(o catalog.Output) output {
	return output{URL: a.URL(o.Key), Format: o.Format, Width: o.Width, Height: o.Height, Bytes: o.Bytes}
}
