package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"vitrine.dev/internal/httpapi/wire"
)

// Answered is what the server has answered with.
type Answered[T any] struct {
	Is  T
	Raw json.RawMessage // as it was sent
}

// UnmarshalJSON implements json.Unmarshaler.
func (a *Answered[T]) UnmarshalJSON(text []byte) error {
	a.Raw = bytes.Clone(text)
	return json.Unmarshal(text, &a.Is)
}

// ask sends the body as JSON, nil for none.
func ask[T any](ctx context.Context, c *Client, method, path string, body any) (a Answered[T], err error) {
	got, err := c.do(ctx, method, path, body)
	if err != nil {
		return a, err
	}
	return a, got.decode(&a)
}

// webhookPage is the most webhooks, or deliveries, that the server gives at once.
const webhookPage = 100

func webhookPath(id int64) string { return "/webhooks/" + strconv.FormatInt(id, 10) }

// Webhooks lists at most so many webhooks of the user, 0 for that of the key, by id. It ends with
// the first error.
func (c *Client) Webhooks(ctx context.Context, user int64, most int) iter.Seq2[Answered[wire.Webhook], error] {
	query := url.Values{}
	if user != 0 {
		query.Set("user_id", strconv.FormatInt(user, 10))
	}
	return list[Answered[wire.Webhook]](ctx, c, "/webhooks", query, webhookPage, most)
}

// CreateWebhook makes a webhook with these fields.
func (c *Client) CreateWebhook(ctx context.Context, fields map[string]any) (Answered[wire.CreatedWebhook], error) {
	return ask[wire.CreatedWebhook](ctx, c, http.MethodPost, "/webhooks", fields)
}

// ChangeWebhook changes these fields.
func (c *Client) ChangeWebhook(ctx context.Context, id int64, fields map[string]any) (Answered[wire.Webhook], error) {
	return ask[wire.Webhook](ctx, c, http.MethodPatch, webhookPath(id), fields)
}

// DeleteWebhook removes a webhook with its deliveries.
func (c *Client) DeleteWebhook(ctx context.Context, id int64) error {
	_, err := c.do(ctx, http.MethodDelete, webhookPath(id), nil)
	return err
}

// RotateWebhookSecret replaces the secret, as the fields say.
func (c *Client) RotateWebhookSecret(ctx context.Context, id int64, fields map[string]any) (Answered[wire.CreatedWebhook], error) {
	return ask[wire.CreatedWebhook](ctx, c, http.MethodPost, webhookPath(id)+"/rotate-secret", fields)
}

// TestWebhook has a test event of the type sent to the webhook, "" for the first that it is sent.
func (c *Client) TestWebhook(ctx context.Context, id int64, eventType string) (Answered[wire.Delivery], error) {
	body := map[string]string{}
	if eventType != "" {
		body["type"] = eventType
	}
	return ask[wire.Delivery](ctx, c, http.MethodPost, webhookPath(id)+"/test", body)
}

// Deliveries lists at most so many deliveries to the webhook in the state, "" for any, newest
// first. It ends with the first error.
func (c *Client) Deliveries(ctx context.Context, id int64, state string, most int) iter.Seq2[Answered[wire.Delivery], error] {
	query := url.Values{}
	if state != "" {
		query.Set("state", state)
	}
	return list[Answered[wire.Delivery]](ctx, c, webhookPath(id)+"/deliveries", query, webhookPage, most)
}

// Redeliver has an event delivered again.
func (c *Client) Redeliver(ctx context.Context, id, delivery int64) (Answered[wire.Delivery], error) {
	return ask[wire.Delivery](ctx, c, http.MethodPost, fmt.Sprintf("%s/deliveries/%d/redeliver", webhookPath(id), delivery), nil)
}

// RedeliverRange has the events of a part of the log delivered again: those behind the one, until the
// other, "" for all until now.
func (c *Client) RedeliverRange(ctx context.Context, id int64, after, until string) (Answered[wire.Webhook], error) {
	body := map[string]string{"after": after}
	if until != "" {
		body["until"] = until
	}
	return ask[wire.Webhook](ctx, c, http.MethodPost, webhookPath(id)+"/redeliver", body)
}
