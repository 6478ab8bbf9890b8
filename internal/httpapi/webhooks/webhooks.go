// Package webhooks serves the endpoints of users, and what is delivered to them.
package webhooks

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/httpapi/page"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/webhook"
)

// Handler serves endpoints. It is safe for concurrent use.
type Handler struct {
	Service *webhook.Service
	Cursors page.Cursors
}

// Create makes an endpoint; the answer is the only one with its secret.
func (h *Handler) Create(w http.ResponseWriter, r *http.Request) error {
	draft, err := httpkit.DecodeBody(r, decodeDraft, "Accept-Post", httpkit.TypeJSON)
	if err != nil {
		return err
	}
	e, secret, err := h.Service.Create(r.Context(), auth.From(r.Context()), draft)
	if err != nil {
		return fmt.Errorf("create webhook: %w", err)
	}
	w.Header().Set("Location", "/webhooks/"+strconv.FormatInt(e.ID, 10))
	return httpkit.WriteFresh(w, http.StatusCreated, wire.CreatedWebhook{Webhook: wireWebhook(e), Secret: secret.String()})
}

// List answers with one page, by id.
func (h *Handler) List(w http.ResponseWriter, r *http.Request) error {
	user := httpkit.ParamsOf(r).Integer(webhook.FieldUserID, auth.MaxID)
	read := func(ctx context.Context, after int64, limit int) ([]webhook.Endpoint, bool, error) {
		return h.Service.List(ctx, auth.From(ctx), user, after, limit)
	}
	return page.Serve(h.Cursors, w, r, "webhooks", webhook.MaxListLimit, read, wireWebhook, func(e webhook.Endpoint) int64 { return e.ID })
}

// Get answers with an endpoint, without its secret.
func (h *Handler) Get(w http.ResponseWriter, r *http.Request) error {
	return with(r, func(ctx context.Context, by auth.Principal, id int64) error {
		e, err := h.Service.Get(ctx, by, id)
		return answer(w, "get", http.StatusOK, e, err, wireWebhook)
	})
}

// Change applies a merge patch.
func (h *Handler) Change(w http.ResponseWriter, r *http.Request) error {
	return with(r, func(ctx context.Context, by auth.Principal, id int64) error {
		patch, err := httpkit.DecodeBody(r, decodePatch, "Accept-Patch", httpkit.TypeMergePatch, httpkit.TypeJSON)
		if err != nil {
			return err
		}
		e, err := h.Service.Change(ctx, by, id, patch)
		return answer(w, "change", http.StatusOK, e, err, wireWebhook)
	})
}

// Delete removes an endpoint with its deliveries.
func (h *Handler) Delete(w http.ResponseWriter, r *http.Request) error {
	return with(r, func(ctx context.Context, by auth.Principal, id int64) error {
		if err := h.Service.Delete(ctx, by, id); err != nil {
			return fmt.Errorf("delete webhook: %w", err)
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	})
}

// RotateSecret replaces the secret; the answer is the only one with the new one.
func (h *Handler) RotateSecret(w http.ResponseWriter, r *http.Request) error {
	return with(r, func(ctx context.Context, by auth.Principal, id int64) error {
		asked, err := httpkit.DecodeBody(r, decodeRotation, "Accept-Post", httpkit.TypeJSON)
		if err != nil {
			return err
		}
		e, secret, err := h.Service.RotateSecret(ctx, by, id, asked.secret, asked.overlap)
		return answer(w, "rotate secret of", http.StatusOK, e, err, func(e webhook.Endpoint) wire.CreatedWebhook {
			return wire.CreatedWebhook{Webhook: wireWebhook(e), Secret: secret.String()}
		})
	})
}

// Test queues a test event.
func (h *Handler) Test(w http.ResponseWriter, r *http.Request) error {
	return with(r, func(ctx context.Context, by auth.Principal, id int64) error {
		t, err := httpkit.DecodeBody(r, decodeTest, "Accept-Post", httpkit.TypeJSON)
		if err != nil {
			return err
		}
		d, err := h.Service.Test(ctx, by, id, events.Type(t))
		return answer(w, "test", http.StatusAccepted, d, err, wireDelivery)
	})
}

// Deliveries answers with one page, newest first.
func (h *Handler) Deliveries(w http.ResponseWriter, r *http.Request) error {
	return with(r, func(_ context.Context, by auth.Principal, id int64) error {
		state := readState(r)
		read := func(ctx context.Context, before int64, limit int) ([]webhook.Delivery, bool, error) {
			return h.Service.Deliveries(ctx, by, id, state, before, limit)
		}
		return page.Serve(h.Cursors, w, r, "deliveries", webhook.MaxListLimit, read, wireDelivery, func(d webhook.Delivery) int64 { return d.ID })
	})
}

// Redeliver has one delivery tried again from the beginning.
func (h *Handler) Redeliver(w http.ResponseWriter, r *http.Request) error {
	return with(r, func(ctx context.Context, by auth.Principal, id int64) error {
		delivery, err := httpkit.PathInteger(r, "delivery_id", auth.MaxID)
		if err != nil {
			return err
		}
		d, err := h.Service.Redeliver(ctx, by, id, delivery)
		return answer(w, "redeliver to", http.StatusAccepted, d, err, wireDelivery)
	})
}

// RedeliverRange has a part of the log delivered once more.
func (h *Handler) RedeliverRange(w http.ResponseWriter, r *http.Request) error {
	return with(r, func(ctx context.Context, by auth.Principal, id int64) error {
		asked, err := httpkit.DecodeBody(r, decodeRange, "Accept-Post", httpkit.TypeJSON)
		if err != nil {
			return err
		}
		e, err := h.Service.RedeliverRange(ctx, by, id, asked.after, asked.until)
		return answer(w, "redeliver to", http.StatusAccepted, e, err, wireWebhook)
	})
}

// with calls do for the endpoint that the path names.
func with(r *http.Request, do func(ctx context.Context, by auth.Principal, id int64) error) error {
	id, err := httpkit.PathInteger(r, "id", auth.MaxID)
	if err != nil {
		return err
	}
	return do(r.Context(), auth.From(r.Context()), id)
}

func answer[T, W any](w http.ResponseWriter, did string, status int, v T, err error, wired func(T) W) error {
	if err != nil {
		return fmt.Errorf("%s webhook: %w", did, err)
	}
	return httpkit.WriteFresh(w, status, wired(v))
}
