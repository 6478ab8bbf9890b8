package events

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"vitrine.dev/internal/fault"
)

// publicPrefix is what the ids of events begin with where clients see them.
const publicPrefix = "evt_"

// PublicID is the id of an event as clients see it, and the cursor behind which they go
// on: evt_<epoch>_<id>. A position in the log of one epoch says nothing in another one.
type PublicID struct {
	Epoch    string // of the installation: lower-case hex digits
	Position int64  // the id of the event; 0: before the first one
}

// String returns the text that ParsePublicID reads.
func (id PublicID) String() string {
	return publicPrefix + id.Epoch + "_" + strconv.FormatInt(id.Position, 10)
}

// ParsePublicID reads what String has written. Another text is an error of kind
// fault.Invalid; whether the epoch is the present one is the caller's to compare.
func ParsePublicID(text string) (PublicID, error) {
	epoch, number, ok := strings.Cut(strings.TrimPrefix(text, publicPrefix), "_")
	position, err := strconv.ParseInt(number, 10, 64)
	id := PublicID{Epoch: epoch, Position: position}
	if !ok || err != nil || position < 0 || epoch == "" || id.String() != text {
		return PublicID{}, fault.New(fault.Invalid, "is not the id of an event")
	}
	return id, nil
}

// Types are those that clients may see.
func Types() []Type {
	return []Type{ProductCreated, ProductUpdated, ProductDeleted, ImageReady, ImageFailed, ImageRetrying, ImageRefreshed, ImportCompleted}
}

// IsPublic reports whether clients may see events of the type.
func (t Type) IsPublic() bool { return slices.Contains(Types(), t) }

// Public is an event as clients see it: the same in lists, in streams and in webhooks.
type Public struct {
	ID         string         `json:"id"                   example:"evt_5f0c9d1b2a3e4f60_4711" doc:"Names the event and its place in the log: events after it are read with after. Each is delivered at least once, so a receiver knows by it what it has had"`
	Type       Type           `json:"type"                 example:"image.ready"`
	ProductID  int64          `json:"product_id,omitempty" minimum:"1" doc:"Absent where the event is of no product" example:"101"`
	ImageID    int64          `json:"image_id,omitempty"   minimum:"1" doc:"Absent where the event is of a product as a whole" example:"42"`
	UserID     int64          `json:"user_id,omitempty"    minimum:"1" doc:"Who owns the product" example:"1"`
	OccurredAt time.Time      `json:"occurred_at"`
	Product    *PublicProduct `json:"product,omitempty"    doc:"The product with this change"`
	Data       PublicData     `json:"data"`
}

// PublicProduct says which state of a product an event has made. Of two events of a product
// the one with the higher revision is the later one, in whatever order they arrive.
type PublicProduct struct {
	Revision int64 `json:"revision" minimum:"1" doc:"Grows with every change, also the progress of images" example:"3"`
	Version  int64 `json:"version"  minimum:"1" doc:"Grows with every edit; the number of the entity tag" example:"1"`
}

// PublicData says more about a change. It holds no text and no URL of a user.
type PublicData struct {
	Fields  []string `json:"fields,omitempty"   nullable:"false" doc:"Of product.updated: the fields that were changed" example:"product_price" typical:"false"`
	Reason  string   `json:"reason,omitempty"   example:"source_timeout" doc:"Of image.failed and image.retrying: the code of the reason for which the attempt failed" typical:"false"`
	Attempt int      `json:"attempt,omitempty"  minimum:"1" doc:"Of an image: how many attempts were begun" example:"1"`
	DelayMS int64    `json:"delay_ms,omitempty" minimum:"1" doc:"Of image.retrying: milliseconds until the next attempt" example:"30000" typical:"false"`
	Cause   Cause    `json:"cause,omitempty"    enum:"request,repair" doc:"Of a change that is no edit and no end of an attempt: someone has asked for it, or a repair" typical:"false"`
	Import  int64    `json:"import_id,omitempty" minimum:"1" doc:"Of import.completed: the import" example:"12" typical:"false"`
	State   string   `json:"state,omitempty"    enum:"completed,completed_with_errors,failed" doc:"Of import.completed: how it has ended" typical:"false"`
}

// Public returns the event as clients of the epoch see it.
func (e Event) Public(epoch string) Public {
	p := Public{
		ID: PublicID{Epoch: epoch, Position: e.ID}.String(), Type: e.Type, ProductID: e.ProductID, ImageID: e.ImageID, UserID: e.UserID,
		OccurredAt: e.OccurredAt,
		Data:       PublicData{Fields: e.Data.Fields, Reason: e.Data.Reason, Attempt: e.Data.Attempt, DelayMS: e.Data.DelayMS, Cause: e.Data.Cause, Import: e.Data.Import, State: e.Data.State},
	}
	if e.ProductID != 0 {
		p.Product = &PublicProduct{Revision: e.Revision, Version: e.Version}
	}
	return p
}
