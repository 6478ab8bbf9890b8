package events

import (
	"encoding/json"
	"fmt"
	"time"
)

// Type says what has changed.
type Type string

// The types.
const (
	ProductCreated Type = "product.created"
	ProductUpdated Type = "product.updated"
	ProductDeleted Type = "product.deleted"

	ImageReady     Type = "image.ready"
	ImageFailed    Type = "image.failed"
	ImageRetrying  Type = "image.retrying" // it is pending again, after a failed attempt or by request
	ImageRefreshed Type = "image.refreshed"

	// ImportCompleted says that all rows of an import are done with, and all of their images
	// are ready or failed. It is of no product.
	ImportCompleted Type = "import.completed"

	// KeyChanged says that an API key was revoked or replaced, or its user removed. It is
	// of no product, and no user is shown it.
	KeyChanged Type = "key.changed"
	// SigningChanged says that there is another signing key. It is of no product and of no user.
	SigningChanged Type = "signing.changed"
)

// Event is one change. Ids grow in the order of the changes of a product; those of
// different products may be visible in another order than that of their ids, see
// Horizon.
type Event struct {
	ID         int64
	Type       Type
	ProductID  int64 // 0 for one that is of no product
	ImageID    int64 // 0 for one of a product as a whole
	UserID     int64 // the owner of the product
	Revision   int64 // of the product with this change
	Version    int64 // of the product with this change
	OccurredAt time.Time
	Data       Data
}

// MaxDataBytes bounds the encoded Data.
const MaxDataBytes = 1280

// Data says more about a change, without any text or URL of a user: only hosts to which the user's URLs were
// redirected.
type Data struct {
	Fields  []string `json:"fields,omitempty"`   // that an update changed, as clients write them
	Reason  string   `json:"reason,omitempty"`   // why an attempt failed
	Attempt int      `json:"attempt,omitempty"`  // how many were begun
	DelayMS int64    `json:"delay_ms,omitempty"` // until the next one, in milliseconds
	Cause   Cause    `json:"cause,omitempty"`    // of a change that is no edit and no attempt's end
	Key     int64    `json:"key,omitempty"`      // that KeyChanged is of
	Import  int64    `json:"import,omitempty"`   // that ImportCompleted is of
	State   string   `json:"state,omitempty"`    // that it has ended in
	Work    *Work    `json:"work,omitempty"`     // of ImageReady and ImageRefreshed: how the attempt went
}

// Work is how an attempt at an image went, as far as it came.
type Work struct {
	Generation int64  `json:"generation,omitempty"` // of the image: grows with every retry by request, refresh and repair
	BegunAt    int64  `json:"begun_at,omitempty"`   // in milliseconds since 1970; 0: not known
	WaitedMS   int64  `json:"waited_ms,omitempty"`  // until then since it was last due, in milliseconds; 0 where BegunAt is not known
	Worker     string `json:"worker,omitempty"`     // the ID of its process; "": not known
	Steps      []Step `json:"steps,omitempty"`      // in their order, at most four: those that ended before the outcome was written
	Status     int    `json:"status,omitempty"`     // HTTP status of the last answer to the fetch; 0: there was none
	Redirects  int    `json:"redirects,omitempty"`  // that the fetch followed
	Published  bool   `json:"published,omitempty"`  // the same content was published before: nothing was rendered and stored
	TraceID    string `json:"trace_id,omitempty"`   // 32 hex digits; "" for none
}

// Step is a step of an attempt that has ended.
type Step struct {
	Name     string `json:"name"`
	TookMS   int64  `json:"ms"`
	BytesIn  int64  `json:"in,omitempty"`
	BytesOut int64  `json:"out,omitempty"`
	Failed   bool   `json:"failed,omitempty"`
	Hops     []Hop  `json:"hops,omitempty"` // of a fetch that was redirected: its first MaxHops requests
}

// Hop is a request of a fetch.
type Hop struct {
	Host   string `json:"host,omitempty"`   // at most MaxHostBytes; "": that of the request before, of the first one that of the image's URL
	Status int    `json:"status,omitempty"` // HTTP; 0: there was no answer
	TookMS int64  `json:"ms"`               // until the answer began
}

const (
	// MaxHops bounds the requests of a fetch that are kept.
	MaxHops = 6
	// MaxHostBytes bounds the hosts of these.
	MaxHostBytes = 64
)

// Cause is who asked for a change that is no edit and no end of an attempt.
type Cause string

// The causes.
const (
	CauseRequest Cause = "request" // someone asked for a retry
	CauseRepair  Cause = "repair"  // fsck
)

// DecodeData reads what Encode wrote. What it cannot read, written by another
// version of the program, is left out: no event may keep those behind it from being read.
func DecodeData(text string) Data {
	var d Data
	_ = json.Unmarshal([]byte(text), &d) // fills what it can
	return d
}

// Encode returns the JSON of d. An error means that it has more than MaxDataBytes.
func (d Data) Encode() (string, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("encode data of an event: %w", err)
	}
	if len(text) > MaxDataBytes {
		return "", fmt.Errorf("the data of an event has %d bytes, more than %d", len(text), MaxDataBytes)
	}
	return string(text), nil
}
