package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"

	"vitrine.dev/internal/httpapi/wire"
)

// Product returns the product, as a cache may have it.
func (c *Client) Product(ctx context.Context, id int64) (product wire.Product, err error) {
	err = c.get(ctx, fmt.Sprintf("/products/%d", id), &product)
	return product, err
}

// Image returns an image of the product as it is now, with what it waits for.
func (c *Client) Image(ctx context.Context, product, image int64) (img wire.CurrentImage, err error) {
	err = c.get(ctx, fmt.Sprintf("/products/%d/images/%d", product, image), &img)
	return img, err
}

// Attempts returns the attempts at an image of the product that have ended, in their order.
func (c *Client) Attempts(ctx context.Context, product, image int64) ([]wire.ImageAttempt, error) {
	var found wire.ImageAttempts
	err := c.get(ctx, fmt.Sprintf("/products/%d/images/%d/attempts", product, image), &found)
	return found.Data, err
}

// Queue returns what waits, and the answer as the server sent it.
func (c *Client) Queue(ctx context.Context) (queue wire.Queue, raw json.RawMessage, err error) {
	if err := c.get(ctx, "/queue", &raw); err != nil {
		return queue, nil, err
	}
	return queue, raw, json.Unmarshal(raw, &queue)
}

// Findings returns what is wrong, and the answer as the server sent it.
func (c *Client) Findings(ctx context.Context) (found wire.Findings, raw json.RawMessage, err error) {
	if err := c.get(ctx, "/findings", &raw); err != nil {
		return found, nil, err
	}
	return found, raw, json.Unmarshal(raw, &found)
}

// QueueHistory returns what has happened in the last so many minutes, and the answer as the server sent it.
func (c *Client) QueueHistory(ctx context.Context, minutes int) (history wire.QueueHistory, raw json.RawMessage, err error) {
	if err := c.get(ctx, fmt.Sprintf("/queue/history?minutes=%d", minutes), &raw); err != nil {
		return history, nil, err
	}
	return history, raw, json.Unmarshal(raw, &history)
}

// Host is what is remembered of a host.
type Host struct {
	wire.Host

	Raw json.RawMessage // as the server sent it
}

// UnmarshalJSON implements json.Unmarshaler.
func (h *Host) UnmarshalJSON(text []byte) error {
	h.Raw = bytes.Clone(text)
	return json.Unmarshal(text, &h.Host)
}

// Hosts lists at most so many hosts by name, "" for any name and any state. It ends
// with the first error.
func (c *Client) Hosts(ctx context.Context, host, state string, most int) iter.Seq2[Host, error] {
	const pageSize = 500 // the most that the server gives
	query := url.Values{}
	for name, text := range map[string]string{"host": host, "state": state} {
		if text != "" {
			query.Set(name, text)
		}
	}
	return list[Host](ctx, c, "/hosts", query, pageSize, most)
}

// TryHost has a host tried whose breaker is open, and returns it.
func (c *Client) TryHost(ctx context.Context, name string) (host Host, err error) {
	got, err := c.do(ctx, http.MethodPost, "/hosts/"+url.PathEscape(name)+"/try", nil)
	if err != nil {
		return host, err
	}
	return host, got.decode(&host)
}
