package client

import (
	"context"
	"fmt"
	"net/http"

	"vitrine.dev/internal/httpapi/wire"
)

// TestWebhook has a test event of the type sent to the webhook, "" for the first that it is sent.
func (c *Client) TestWebhook(ctx context.Context, id int64, eventType string) (delivery wire.Delivery, err error) {
	body := map[string]string{}
	if eventType != "" {
		body["type"] = eventType
	}
	got, err := c.do(ctx, http.MethodPost, fmt.Sprintf("/webhooks/%d/test", id), body)
	if err != nil {
		return delivery, err
	}
	err = got.decode(&delivery)
	return delivery, err
}
