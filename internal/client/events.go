package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"vitrine.dev/internal/httpapi/wire"
)

// EventQuery selects events; zero fields select nothing.
type EventQuery struct {
	After   string // oldest, latest, or the id of an event; "": oldest
	Types   []string
	Product int64
	Wait    time.Duration // for an event, where there is none; the server waits 10 s at most
}

// Event is a change of a product or an image.
type Event struct {
	wire.Event

	Raw json.RawMessage // as the server sent it
}

// UnmarshalJSON implements json.Unmarshaler.
func (e *Event) UnmarshalJSON(text []byte) error {
	e.Raw = bytes.Clone(text)
	return json.Unmarshal(text, &e.Event)
}

// EventPage is a part of the log.
type EventPage struct {
	Data       []Event `json:"data"`
	NextCursor string  `json:"next_cursor"` // where to go on
	More       bool    `json:"more"`        // whether there is more to be read now
}

// Events returns the next part of the log.
func (c *Client) Events(ctx context.Context, q EventQuery) (page EventPage, err error) {
	const pageSize = 1000 // the most that the server gives
	query := url.Values{"limit": {strconv.Itoa(pageSize)}}
	if q.After != "" {
		query.Set("after", q.After)
	}
	if len(q.Types) > 0 {
		query.Set("types", strings.Join(q.Types, ","))
	}
	if q.Product != 0 {
		query.Set("product_id", strconv.FormatInt(q.Product, 10))
	}
	var headers []string
	if q.Wait > 0 {
		headers = []string{"Prefer", fmt.Sprintf("wait=%d", int64(q.Wait.Seconds()))}
	}
	got, err := c.do(ctx, http.MethodGet, "/events?"+query.Encode(), nil, headers...)
	if err != nil {
		return page, err
	}
	err = got.decode(&page)
	return page, err
}
