package webhook

import (
	"encoding/json"
	"fmt"
	"time"

	"vitrine.dev/internal/events"
)

// MaxBodyBytes bounds the body of a request, as the specification recommends.
const MaxBodyBytes = 20_000

// Message is the body of a request.
type Message struct {
	ID        string      `json:"id" example:"evt_5f0c9d1b2a3e4f60_4711" doc:"The webhook-id: the same whenever the event is sent"`
	Type      events.Type `json:"type" example:"image.ready"`
	Timestamp time.Time   `json:"timestamp" doc:"When it happened, not when it was sent"`
	Test      bool        `json:"test,omitempty" doc:"True for a test event, which is of nothing that has happened"`
	Data      Data        `json:"data"`
}

// Data is what an event says: thin, for the state of the product is read from the API.
type Data struct {
	Sequence  int64                 `json:"sequence" minimum:"0" doc:"Its place in the log of events: of two events of the same thing the one with the higher sequence is the later one"`
	ProductID int64                 `json:"product_id,omitempty" minimum:"1"`
	ImageID   int64                 `json:"image_id,omitempty" minimum:"1"`
	UserID    int64                 `json:"user_id,omitempty" minimum:"1"`
	Product   *events.PublicProduct `json:"product,omitempty" doc:"The product with this change"`

	events.PublicData
}

// messageOf returns the message of an event, under the epoch's id.
func messageOf(e events.Event, epoch string) Message {
	return MessageOf(e.Public(epoch), e.ID)
}

// MessageOf returns the message of an event as clients see it, with its place in the log.
func MessageOf(p events.Public, sequence int64) Message {
	return Message{ID: p.ID, Type: p.Type, Timestamp: p.OccurredAt, Data: Data{
		Sequence: sequence, ProductID: p.ProductID, ImageID: p.ImageID, UserID: p.UserID, Product: p.Product, PublicData: p.Data,
	}}
}

// Encode returns the body. An error means that it has more than MaxBodyBytes.
func (m Message) Encode() ([]byte, error) {
	body, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode webhook: %w", err)
	}
	if len(body) > MaxBodyBytes {
		return nil, fmt.Errorf("the body of a webhook has %d bytes, more than %d", len(body), MaxBodyBytes)
	}
	return body, nil
}

// sample is a test event of the type for a user.
func sample(id string, t events.Type, user int64, now time.Time) Message {
	return Message{ID: id, Type: t, Timestamp: now, Test: true, Data: Data{UserID: user}}
}
