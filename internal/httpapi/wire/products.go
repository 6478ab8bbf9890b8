package wire

import (
	"encoding/json"
	"time"
)

// Created answers a create.
type Created struct {
	Message   string `json:"message"    example:"Product created successfully"`
	ProductID int64  `json:"product_id" example:"101"                          minimum:"1"`
}

// Summary is a product in a list.
type Summary struct {
	ID          int64             `json:"id"                  minimum:"1" example:"101"`
	UserID      int64             `json:"user_id"             minimum:"1" example:"1"`
	Name        string            `json:"product_name"        example:"Smartphone"`
	Description string            `json:"product_description" example:"Latest model with advanced features"`
	Price       json.Number       `json:"product_price"`
	Images      ImageCounts       `json:"image_counts"`
	Cover       *Cover            `json:"cover,omitempty"     doc:"Of the first image that is ready, a small variant; absent where none is ready"`
	ExternalID  string            `json:"external_id,omitempty" required:"false" doc:"The client's own id or SKU, unique among the products of the user; absent for none" example:"SKU-4711"`
	Metadata    map[string]string `json:"metadata,omitempty"    required:"false" nullable:"false" doc:"The client's own pairs, which mean nothing here; absent for none" example:"{\"season\":\"winter\"}"`
	CreatedAt   time.Time         `json:"created_at,omitzero"   required:"false" readOnly:"true"`
	UpdatedAt   time.Time         `json:"updated_at,omitzero"   required:"false" readOnly:"true" doc:"The last edit"`
	Version     int64             `json:"version"               minimum:"1" readOnly:"true" doc:"Grows with every edit: what If-Match compares" example:"1"`
}

// ImageCounts are how many images a product has, by status.
type ImageCounts struct {
	Pending int `json:"pending" minimum:"0" doc:"Those that are processed included" example:"0"`
	Ready   int `json:"ready"   minimum:"0" example:"1"`
	Failed  int `json:"failed"  minimum:"0" example:"0"`
	Total   int `json:"total"   minimum:"0" example:"1"`
}

// Cover stands for a product in a list.
type Cover struct {
	Output

	Placeholder string `json:"placeholder" doc:"Data URI of a blurred miniature, to show while the cover loads" example:"data:image/webp;base64,UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=="`
}

// Product is a product with its images.
type Product struct {
	ID               int64             `json:"id"                        minimum:"1" example:"101"`
	UserID           int64             `json:"user_id"                   minimum:"1" example:"1"`
	Name             string            `json:"product_name"              example:"Smartphone"`
	Description      string            `json:"product_description"       example:"Latest model with advanced features"`
	ImageURLs        []string          `json:"product_images"            nullable:"false" doc:"The source images, as they were given" example:"https://example.com/image1.jpg"`
	CompressedImages []string          `json:"compressed_product_images" nullable:"false" doc:"Where the images that are ready can be read, in source order" example:"https://shop.example/images/6f/6f02413910bdfbb76a202dab867b2484/compressed.jpeg"`
	Price            json.Number       `json:"product_price"`
	Images           []Image           `json:"images"                    nullable:"false" doc:"One entry per source image, in source order"`
	Version          int64             `json:"version"                   minimum:"1" readOnly:"true" doc:"Grows with every edit: what If-Match compares" example:"1"`
	Revision         int64             `json:"revision"                  minimum:"1" readOnly:"true" doc:"Grows with every change, edit or progress of an image" example:"3"`
	ExternalID       string            `json:"external_id,omitempty" required:"false" doc:"The client's own id or SKU, unique among the products of the user; absent for none" example:"SKU-4711"`
	Metadata         map[string]string `json:"metadata,omitempty"    required:"false" nullable:"false" doc:"The client's own pairs, which mean nothing here; absent for none" example:"{\"season\":\"winter\"}"`
	CreatedAt        time.Time         `json:"created_at,omitzero"   required:"false" readOnly:"true"`
	UpdatedAt        time.Time         `json:"updated_at,omitzero"   required:"false" readOnly:"true" doc:"The last edit"`
}

// Image is one image of a product.
type Image struct {
	ID        int64   `json:"id"               minimum:"1" example:"42"`
	SourceURL string  `json:"source_url" example:"https://example.com/image1.jpg"`
	Status    string  `json:"status"           enum:"pending,processing,ready,failed" example:"ready"`
	Attempts  int     `json:"attempts"         minimum:"0" doc:"Attempts begun so far" example:"1"`
	Reason    *Reason `json:"reason,omitempty" doc:"Why the last attempt failed; absent where nothing went wrong" typical:"false"`
	// The results: all of them, or none until the image is ready.
	SourceBytes int64    `json:"source_bytes,omitempty" minimum:"1" example:"2483120"`
	Width       int      `json:"width,omitempty"        minimum:"1" doc:"Of the upright source, in pixels" example:"4000"`
	Height      int      `json:"height,omitempty"       minimum:"1" example:"3000"`
	Placeholder string   `json:"placeholder,omitempty"  doc:"Data URI of a blurred miniature, to show while the image loads" example:"data:image/webp;base64,UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=="`
	Compressed  *Output  `json:"compressed,omitempty"`
	Variants    []Output `json:"variants,omitzero"      required:"false" nullable:"false" doc:"For srcset, by ascending width"`
	Notes       []Note   `json:"notes,omitempty"        required:"false" nullable:"false" doc:"How what is shown differs from the source, where that is no failure; absent where it does not" typical:"false"`
	// For shops.
	Alt       string    `json:"alt,omitempty"       doc:"What the image shows, in words; absent where no one has said it" example:"The phone from the front"`
	CreatedAt time.Time `json:"created_at,omitzero" required:"false" readOnly:"true"`
	UpdatedAt time.Time `json:"updated_at,omitzero" required:"false" readOnly:"true" doc:"The last edit, or progress, of the image"`
	SrcSet    string    `json:"srcset,omitempty"   readOnly:"true" doc:"The WebP variants (JPEG where the engine writes no WebP), as the attribute srcset of img takes them; once the image is ready and has variants"`
	HTML      string    `json:"html,omitempty"     readOnly:"true" doc:"A picture element with all of the variants, ready to be pasted into a page; once the image is ready"`
}

// Note is how a published image differs from its source.
type Note struct {
	Code   string `json:"code"   enum:"first_frame_only,first_page_only"`
	Detail string `json:"detail" doc:"The same in a sentence for people" example:"The source is animated; only its first frame is shown."`
}

// Reason is why the work on an image failed.
type Reason struct {
	Code      string `json:"code" example:"source_timeout"`
	Detail    string `json:"detail" example:"the host took too long"`
	Retryable bool   `json:"retryable" doc:"Whether the same work can end otherwise when tried again" example:"true"`
}

// Output is one published file.
type Output struct {
	URL    string `json:"url" example:"https://shop.example/images/6f/6f02413910bdfbb76a202dab867b2484/w640.webp"`
	Format string `json:"format" example:"webp"`
	Width  int    `json:"width"  minimum:"1" example:"640"`
	Height int    `json:"height" minimum:"1" example:"480"`
	Bytes  int64  `json:"bytes"  minimum:"1" example:"20480"`
}
