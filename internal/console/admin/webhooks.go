package admin

import (
	"context"
	"fmt"
	"net/http"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/webhook"
)

// webhooksPage is what the page Webhooks shows.
type webhooksPage struct {
	list[webhook.Endpoint]

	User int64
}

func (p *Pages) webhooks(r *http.Request) (frame.Answer, error) {
	by := auth.From(r.Context())
	page := webhooksPage{User: frame.FormID(r, "user")}
	if page.User == 0 {
		page.User = max(by.Caller, 1)
	}
	var err error
	page.list, err = read(r, func(ctx context.Context, after int64) ([]webhook.Endpoint, bool, error) {
		return p.Webhooks.List(ctx, frame.ActingFor(by, page.User), page.User, after, shownOf)
	}, func(e webhook.Endpoint) int64 { return e.ID })
	if err != nil {
		return frame.Answer{}, fmt.Errorf("list webhooks of user %d: %w", page.User, err)
	}
	return frame.Answer{Page: frame.Page{Title: "Webhooks", Nav: "webhooks", Name: "webhooks", Lead: "Where users want their events, and how the deliveries do.", Data: page}}, nil
}

// webhookPage is what the page of an endpoint shows.
type webhookPage struct {
	webhook.Endpoint

	Deliveries list[webhook.Delivery]
	State      webhook.State
	Path       string
}

// owner returns the principal for things of the user in the path, and the id of the endpoint.
func owner(r *http.Request) (by auth.Principal, user, id int64, err error) {
	if user, err = frame.PathID(r, "user"); err != nil {
		return by, 0, 0, err
	}
	id, err = frame.PathID(r, "id")
	return frame.ActingFor(auth.From(r.Context()), user), user, id, err
}

func webhookPath(user, id int64) string { return fmt.Sprintf("/webhooks/%d/%d", user, id) }

func (p *Pages) webhook(r *http.Request) (frame.Answer, error) {
	by, user, id, err := owner(r)
	if err != nil {
		return frame.Answer{}, err
	}
	page := webhookPage{State: webhook.State(r.URL.Query().Get("state")), Path: frame.Path + webhookPath(user, id)}
	page.Endpoint, err = frame.Ask(r.Context(), func(ctx context.Context) (webhook.Endpoint, error) { return p.Webhooks.Get(ctx, by, id) })
	if err != nil {
		return frame.Answer{}, fmt.Errorf("read webhook %d: %w", id, err)
	}
	page.Deliveries, err = read(r, func(ctx context.Context, before int64) ([]webhook.Delivery, bool, error) {
		return p.Webhooks.Deliveries(ctx, by, id, page.State, before, shownOf)
	}, func(d webhook.Delivery) int64 { return d.ID })
	if err != nil {
		return frame.Answer{}, fmt.Errorf("list deliveries to webhook %d: %w", id, err)
	}
	title := page.Name
	if title == "" {
		title = fmt.Sprintf("Webhook %d", id)
	}
	return frame.Answer{Page: frame.Page{Title: title, Nav: "webhooks", Name: "webhook", Data: page, Live: true}}, nil
}

func (p *Pages) testWebhook(r *http.Request) (frame.Answer, error) {
	by, user, id, err := owner(r)
	if err != nil {
		return frame.Answer{}, err
	}
	if _, err := p.Webhooks.Test(r.Context(), by, id, ""); err != nil {
		return frame.Answer{}, fmt.Errorf("test webhook %d: %w", id, err)
	}
	return frame.Answer{SeeOther: webhookPath(user, id), Note: "A test event is on its way."}, nil
}

func (p *Pages) redeliver(r *http.Request) (frame.Answer, error) {
	by, user, id, err := owner(r)
	if err != nil {
		return frame.Answer{}, err
	}
	delivery, err := frame.PathID(r, "delivery")
	if err != nil {
		return frame.Answer{}, err
	}
	if _, err := p.Webhooks.Redeliver(r.Context(), by, id, delivery); err != nil {
		return frame.Answer{}, fmt.Errorf("deliver %d again: %w", delivery, err)
	}
	return frame.Answer{SeeOther: webhookPath(user, id), Note: "The event is delivered once more."}, nil
}
