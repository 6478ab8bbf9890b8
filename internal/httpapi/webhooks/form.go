package webhooks

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/form"
	"vitrine.dev/internal/webhook"
)

const paramState = "state"

// readState reads which deliveries are asked for. What is wrong with it is added to the errors
// of the parameters, which page.Serve answers with.
func readState(r *http.Request) webhook.State {
	p := httpkit.ParamsOf(r)
	state := webhook.State(p.Text(paramState))
	if state != "" && !slices.Contains(webhook.States(), state) {
		p.Errors.Add(paramState, fmt.Sprintf("must be one of %v", webhook.States()))
	}
	return state
}

func decodeDraft(body []byte) (webhook.Draft, error) {
	o, err := form.ReadObject(body)
	if err != nil {
		return webhook.Draft{}, err
	}
	d := webhook.Draft{
		UserID: form.NotNull(o, webhook.FieldUserID, form.ID(auth.MaxID)),
		Name:   form.Optional(o, webhook.FieldName, form.Text),
		URL:    form.Required(o, webhook.FieldURL, form.Text),
		Types:  form.Optional(o, webhook.FieldTypes, readTypes),
		Secret: form.Optional(o, webhook.FieldSecret, form.Text),
	}
	o.RefuseRest(ours())
	d.FieldErrors = o.Errors
	return d, nil
}

func decodePatch(body []byte) (webhook.Patch, error) {
	o, err := form.ReadObject(body)
	if err != nil {
		return webhook.Patch{}, err
	}
	p := webhook.Patch{
		Name:    form.Changed(o, webhook.FieldName, form.Text),
		URL:     form.ChangedNotRemoved(o, webhook.FieldURL, "every webhook has one", form.Text),
		Types:   form.Changed(o, webhook.FieldTypes, readTypes),
		Enabled: form.ChangedNotRemoved(o, webhook.FieldEnabled, "it is true or false", form.Bool),
	}
	refused := ours()
	refused[webhook.FieldUserID] = "cannot be changed"
	refused[webhook.FieldSecret] = "is changed by POST /webhooks/{id}/rotate-secret"
	o.RefuseRest(refused)
	p.FieldErrors = o.Errors
	return p, nil
}

func readTypes(o *form.Object, name string, raw jsontext.Value) (types []events.Type) {
	for _, t := range form.Texts(2*len(webhook.Types()))(o, name, raw) {
		types = append(types, events.Type(t))
	}
	return types
}

// rotation is how a secret is replaced.
type rotation struct {
	secret  string
	overlap time.Duration
}

func decodeRotation(body []byte) (rotation, error) {
	o, err := form.ReadObject(body)
	if err != nil {
		return rotation{}, err
	}
	r := rotation{overlap: webhook.DefaultOverlap}
	if o.Has(webhook.FieldOverlap) {
		r.overlap = form.NotNull(o, webhook.FieldOverlap, readSeconds)
	}
	r.secret = form.Optional(o, webhook.FieldSecret, form.Text)
	o.RefuseRest(nil)
	return r, o.Errors.Err()
}

// readSeconds reads a time in seconds; one beyond those that there are is one that every rule
// refuses.
func readSeconds(o *form.Object, name string, raw jsontext.Value) time.Duration {
	n := form.Integer(o, name, raw)
	if n < 0 || n > int64(math.MaxInt64/time.Second) {
		return -1
	}
	return time.Duration(n) * time.Second
}

func decodeTest(body []byte) (string, error) {
	o, err := form.ReadObject(body)
	if err != nil {
		return "", err
	}
	t := form.Optional(o, webhook.FieldType, form.Text)
	o.RefuseRest(nil)
	return t, o.Errors.Err()
}

// part is a part of the log.
type part struct{ after, until string }

func decodeRange(body []byte) (part, error) {
	o, err := form.ReadObject(body)
	if err != nil {
		return part{}, err
	}
	p := part{after: form.Required(o, webhook.FieldAfter, form.Text), until: form.Optional(o, webhook.FieldUntil, form.Text)}
	o.RefuseRest(nil)
	return p, o.Errors.Err()
}

// ours are the fields that a client cannot set.
func ours() map[string]string {
	refused := map[string]string{}
	for _, name := range []string{
		"id", "created_at", "updated_at", "disabled_reason", "disabled_at", "failures", "failing_since", "warned_at", "paused_until",
		"old_secret_until", "redelivering",
	} {
		refused[name] = "is set by the server"
	}
	return refused
}

func wireWebhook(e webhook.Endpoint) wire.Webhook {
	w := wire.Webhook{
		ID: e.ID, UserID: e.UserID, Name: e.Name, URL: e.URL, Types: make([]string, len(e.Types)), Enabled: e.Disabled == webhook.NotDisabled,
		DisabledReason: string(e.Disabled), DisabledAt: wire.OrNil(e.DisabledAt), Failures: e.Failures, FailingSince: wire.OrNil(e.FailingSince),
		WarnedAt: wire.OrNil(e.WarnedAt), PausedUntil: wire.OrNil(e.PausedUntil), OldSecretUntil: wire.OrNil(e.OldUntil),
		Redelivering: !e.Again.Empty(), CreatedAt: e.CreatedAt, UpdatedAt: e.UpdatedAt,
	}
	for i, t := range e.Types {
		w.Types[i] = string(t)
	}
	return w
}

func wireDelivery(d webhook.Delivery) wire.Delivery {
	w := wire.Delivery{
		ID: d.ID, WebhookID: d.WebhookID, MessageID: d.MessageID, Type: string(d.Type), State: string(d.State), Attempts: d.Attempts,
		CreatedAt: d.CreatedAt, AttemptedAt: wire.OrNil(d.AttemptedAt), NextAt: wire.OrNil(d.NextAt), Status: d.Status, Error: d.Failure,
		DurationMS: d.Duration.Milliseconds(), Answer: strings.ToValidUTF8(string(d.Answer), "\uFFFD"),
	}
	if len(d.Body) > 0 {
		w.Request = &wire.DeliveryRequest{Headers: map[string]string{"content-type": httpkit.TypeJSON, "webhook-id": d.MessageID}, Body: string(d.Body)}
	}
	return w
}
