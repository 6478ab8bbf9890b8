package catalog

import (
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/fault"
)

// MaxID is the largest id.
const MaxID = auth.MaxID

// Product is one thing for sale, with its images in the order of the source.
type Product struct {
	ID          int64
	UserID      int64
	Name        string
	Description string
	Price       Price
	ExternalID  string   // the client's own, unique among the products of the user; "": none
	Metadata    Metadata // nil for none
	Images      []Image
	Version     int64 // from 1; grows with every edit
	Revision    int64 // from 1; grows with every change that it shows, edit or progress of an image
	CreatedAt   time.Time
	UpdatedAt   time.Time // the last edit
}

// Summary is a product as lists show it.
type Summary struct {
	ID          int64
	UserID      int64
	Name        string
	Description string
	Price       Price
	ExternalID  string
	Metadata    Metadata
	Version     int64
	CreatedAt   time.Time
	UpdatedAt   time.Time
	Images      Counts
	Cover       *Cover // of the first image that is ready; nil where none is
}

// Summary is the product as lists show it.
func (p Product) Summary() Summary {
	s := Summary{
		ID: p.ID, UserID: p.UserID, Name: p.Name, Description: p.Description, Price: p.Price, ExternalID: p.ExternalID,
		Metadata: p.Metadata, Version: p.Version, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}
	for _, img := range p.Images {
		switch img.Status {
		case Failed:
			s.Images.Failed++
		case Ready:
			s.Images.Ready++
			if s.Cover == nil && img.Rendition != nil {
				cover := img.Rendition.Cover()
				s.Cover = &cover
			}
		default:
			s.Images.Pending++
		}
	}
	return s
}

// Bytes is how long the texts of the product are, which pages are bounded by.
func (s Summary) Bytes() int { return len(s.Name) + len(s.Description) + len(s.Metadata.Encode()) }

// Counts are how many images a product has, by what it shows of them.
type Counts struct {
	Pending int // also those that are worked on
	Ready   int
	Failed  int
}

// Total is how many they are.
func (c Counts) Total() int { return c.Pending + c.Ready + c.Failed }

// Status is where an image is on its way. docs/image-states.md draws it.
type Status string

// The statuses. Ready and Failed are final until a replay.
const (
	Pending    Status = "pending"
	Processing Status = "processing"
	Ready      Status = "ready"
	Failed     Status = "failed"
)

// Image is one picture of a product.
type Image struct {
	ID        int64
	SourceURL string
	Position  int    // among the images of the product, from 0
	Alt       string // what it shows, for those who do not see it; "": not told
	Status    Status
	Attempts  int        // attempts begun so far
	Problem   *Problem   // why the last attempt failed; nil where none did
	Rendition *Rendition // the results; only when Ready
	// RefreshError is why it could not be fetched again, or repaired, the last time; "" where
	// that did not fail. It is nothing that its product shows.
	RefreshError fault.Reason

	CreatedAt time.Time
	UpdatedAt time.Time // the last edit, or progress, of it
}

// Problem is why the last attempt at an image failed.
type Problem struct {
	Reason fault.Reason
	Detail string
}

// Rendition is everything published for one source picture. It belongs to the
// content: images with the same bytes share it.
type Rendition struct {
	Key         string // hash of source bytes and recipe
	SourceBytes int64
	Width       int // of the upright source, in pixels
	Height      int
	Placeholder string // data URI of a blurred miniature, at most 400 bytes
	Compressed  Output
	Variants    []Output // by ascending width
	Notes       []Note   // how it differs from what the source shows; mostly none
}

// Cover is what stands for a picture in a list.
type Cover struct {
	Output

	Placeholder string // as of the Rendition
}

// coverWidth is how wide a cover is at least, in pixels, where there is one so
// wide.
const coverWidth = 320

// Cover stands for the picture in a list: the narrowest of the
// variants that are wide enough, or else the widest; of a picture without
// variants the compressed one.
func (r Rendition) Cover() Cover {
	cover := r.Compressed
	for _, v := range r.Variants {
		if cover = v; v.Width >= coverWidth {
			break
		}
	}
	return Cover{Output: cover, Placeholder: r.Placeholder}
}

// Output is one published file.
type Output struct {
	Key    string `json:"key"`    // in blob storage
	Format string `json:"format"` // jpeg, png, gif, webp or avif
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Bytes  int64  `json:"bytes"`
}

// Changed says that a product is now at a new revision. It is announced at once
// after the commit; the log of events, to which it is written with the change
// itself, repeats it.
type Changed struct {
	ProductID int64
	UserID    int64
	Revision  int64 // cache.Gone when deleted
	Version   int64 // a delete counts
	Edit      bool  // of the product itself; else its images progressed
}

// Edited is what an edit, or the create, that led to this product has changed.
func (p Product) Edited() Changed {
	return Changed{ProductID: p.ID, UserID: p.UserID, Revision: p.Revision, Version: p.Version, Edit: true}
}

// Note says how the published picture differs from what its source shows, where
// that is no failure. The list is closed.
type Note string

// The notes.
const (
	// FirstFrameOnly: the source is an animation, which is published as a still
	// picture of its first frame.
	FirstFrameOnly Note = "first_frame_only"
	// FirstPageOnly: the source has more pages, of which the first is published.
	FirstPageOnly Note = "first_page_only"
)

// Notes lists all of them.
func Notes() []Note { return []Note{FirstFrameOnly, FirstPageOnly} }

// Detail is the note in one sentence for people.
func (n Note) Detail() string {
	switch n {
	case FirstFrameOnly:
		return "The source is animated; only its first frame is shown."
	case FirstPageOnly:
		return "The source has several pages; only the first is shown."
	default:
		return "The picture differs from its source."
	}
}
