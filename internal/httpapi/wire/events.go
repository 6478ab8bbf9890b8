package wire

import (
	"time"

	"vitrine.dev/internal/events"
)

// Event is a change of a product or an image; webhooks send the same.
type Event = events.Public

// EventPage is a part of the log of events.
type EventPage struct {
	Data       []Event `json:"data"        nullable:"false" doc:"In the order of the log, in which those of one product are in the order of its changes"`
	NextCursor string  `json:"next_cursor" doc:"Where to go on, as after; also where there is nothing more yet" example:"evt_5f0c9d1b2a3e4f60_4711"`
	More       bool    `json:"more"        doc:"Whether there is more of the log to look at now. A page without events may have more: one request looks at a part of the log only"`
}

// StreamToken opens streams of events.
type StreamToken struct {
	Token     string    `json:"token"      doc:"For the parameter token" example:"AWc3kQ7xJ2mVtYb0LsRfPzHdNq4aXeUiGoCw"`
	ExpiresAt time.Time `json:"expires_at" doc:"Until then a stream can be opened with it; one that is open goes on" example:"2026-11-02T09:31:00Z"`
}
