package webhooks

import (
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/openapi"
	"vitrine.dev/internal/webhook"
)

const tag = "webhooks"

// The types of requests exist for the description only.

type newWebhook struct {
	UserID int64    `json:"user_id,omitempty" minimum:"1" doc:"Whose events it is sent; the user of the key by default" example:"1" typical:"false"`
	Name   string   `json:"name,omitempty"    nullable:"true" example:"shop front"`
	URL    string   `json:"url"               minLength:"1" example:"https://shop.example/hooks/vitrine"`
	Types  []string `json:"types,omitempty"   nullable:"true" doc:"Of the events that it is sent; absent or empty for all of them" example:"image.ready,image.failed"`
	Secret string   `json:"secret,omitempty"  nullable:"true" doc:"whsec_ and the base64 of 24 to 64 random bytes; one is drawn by default" example:"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" typical:"false"`
}

type webhookPatch struct {
	Name    string   `json:"name,omitempty"    nullable:"true" example:"shop front"`
	URL     string   `json:"url,omitempty"     minLength:"1" example:"https://shop.example/hooks/vitrine"`
	Types   []string `json:"types,omitempty"   nullable:"true" example:"image.ready,image.failed"`
	Enabled bool     `json:"enabled,omitempty" doc:"true begins without the failures of before, at its place in the log" example:"true"`
}

type secretRotation struct {
	Secret  string `json:"secret,omitempty"  nullable:"true" doc:"One is drawn by default" example:"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" typical:"false"`
	Overlap int64  `json:"overlap,omitempty" minimum:"0" doc:"For how many seconds requests are signed with the old secret, too"`
}

type testEvent struct {
	Type string `json:"type,omitempty" nullable:"true" doc:"The first one that the webhook is sent by default" example:"image.ready"`
}

type eventRange struct {
	After string `json:"after"           doc:"The id of the event after which it begins" example:"evt_5f0c9d1b2a3e4f60_4711"`
	Until string `json:"until,omitempty" nullable:"true" doc:"The id of the last event; by default all that the webhook was sent until now" example:"evt_5f0c9d1b2a3e4f60_4720" typical:"false"`
}

func typeEnum() (list []any) {
	for _, t := range webhook.Types() {
		list = append(list, string(t))
	}
	return list
}

func limited[T any](d *openapi.Document) *huma.Schema {
	name, url := webhook.MaxNameRunes, webhook.MaxURLBytes
	openapi.Property[T](d, webhook.FieldName).MaxLength = &name
	openapi.Property[T](d, webhook.FieldURL).MaxLength = &url
	openapi.Property[T](d, webhook.FieldTypes).Items.Enum = typeEnum()
	return openapi.Schema[T](d)
}

func described(d *openapi.Document, id, summary, text string, good map[string]*huma.Response, problems ...int) *huma.Operation {
	return &huma.Operation{
		OperationID: id, Tags: []string{tag}, Summary: summary, Description: text, Responses: d.Responses(good, append(problems, http.StatusServiceUnavailable)...),
	}
}

// ofOne is described for what the path names.
func ofOne(d *openapi.Document, id, summary, text string, good map[string]*huma.Response, problems ...int) *huma.Operation {
	op := described(d, id, summary, text, good, append(problems, http.StatusNotFound)...)
	op.Parameters = append(op.Parameters, openapi.PathInteger("id", auth.MaxID, 5))
	return op
}

func withBody(problems ...int) []int {
	return append(problems, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
}

func created(d *openapi.Document) *huma.Schema { return openapi.Schema[wire.CreatedWebhook](d) }

// DescribeCreate describes Create.
func DescribeCreate(d *openapi.Document) *huma.Operation {
	op := described(d, "createWebhook", "Have events sent to a URL",
		"It is sent every event of the user, of these types, that is committed after the answer, as Standard Webhooks 1.0 has it. The answer alone has the secret. "+
			fmt.Sprintf("A user has at most %d webhooks.", webhook.MaxPerUser),
		map[string]*huma.Response{"201": openapi.Response("The webhook", created(d), openapi.Header("Location", "The path of the webhook", "/webhooks/5"))},
		withBody(http.StatusConflict)...)
	id := float64(auth.MaxID)
	openapi.Property[newWebhook](d, webhook.FieldUserID).Maximum = &id
	op.RequestBody = openapi.WithExample(openapi.Body(limited[newWebhook](d), httpkit.TypeJSON), map[string]any{
		webhook.FieldURL: "https://shop.example/hooks/vitrine", webhook.FieldTypes: []string{string(events.ImageReady), string(events.ImageFailed)},
	})
	return op
}

// DescribeList describes List.
func DescribeList(d *openapi.Document) *huma.Operation {
	return described(d, "listWebhooks", "List webhooks by id", "Those of the user of the key.",
		map[string]*huma.Response{"200": openapi.Response("One page", openapi.Schema[wire.Page[wire.Webhook]](d), openapi.Link("/webhooks"))})
}

// DescribeGet describes Get.
func DescribeGet(d *openapi.Document) *huma.Operation {
	return ofOne(d, "getWebhook", "Read a webhook", "The secret is not shown.", one(d, "The webhook"))
}

func one(d *openapi.Document, what string) map[string]*huma.Response {
	return map[string]*huma.Response{"200": openapi.Response(what, openapi.Schema[wire.Webhook](d))}
}

// DescribeChange describes Change.
func DescribeChange(d *openapi.Document) *huma.Operation {
	op := ofOne(d, "changeWebhook", "Change, disable or enable a webhook", "A merge patch (RFC 7396): what is absent stays. It takes effect within a second or two.",
		one(d, "The webhook as it is now"), withBody()...)
	op.RequestBody = openapi.WithExample(openapi.Body(limited[webhookPatch](d), httpkit.TypeMergePatch, httpkit.TypeJSON), map[string]any{webhook.FieldEnabled: true})
	return op
}

// DescribeDelete describes Delete.
func DescribeDelete(d *openapi.Document) *huma.Operation {
	return ofOne(d, "deleteWebhook", "Delete a webhook with its deliveries", "A request that is under way ends.",
		map[string]*huma.Response{"204": openapi.Response("Deleted", nil)})
}

// DescribeRotateSecret describes RotateSecret.
func DescribeRotateSecret(d *openapi.Document) *huma.Operation {
	op := ofOne(d, "rotateWebhookSecret", "Replace the secret of a webhook",
		"During the overlap requests have a signature of each. The answer alone has the new secret.",
		map[string]*huma.Response{"200": openapi.Response("The webhook with its new secret", created(d))}, withBody()...)
	overlap, most := openapi.Property[secretRotation](d, webhook.FieldOverlap), webhook.MaxOverlap.Seconds()
	overlap.Maximum, overlap.Default = &most, int64(webhook.DefaultOverlap.Seconds())
	op.RequestBody = openapi.WithExample(openapi.Body(openapi.Schema[secretRotation](d), httpkit.TypeJSON), map[string]any{webhook.FieldOverlap: 3600}) // an hour
	return op
}

func queued(d *openapi.Document) map[string]*huma.Response {
	return map[string]*huma.Response{"202": openapi.Response("It is sent at once; the list of deliveries shows how it ended", openapi.Schema[wire.Delivery](d))}
}

// DescribeTest describes Test.
func DescribeTest(d *openapi.Document) *huma.Operation {
	op := ofOne(d, "testWebhook", "Send a test event", "It says test: true, is of nothing that has happened, and is tried once. 409 where the webhook is disabled.",
		queued(d), withBody(http.StatusConflict)...)
	openapi.Property[testEvent](d, webhook.FieldType).Enum = append(typeEnum(), nil)
	op.RequestBody = openapi.WithExample(openapi.Body(openapi.Schema[testEvent](d), httpkit.TypeJSON), map[string]any{webhook.FieldType: string(events.ImageReady)})
	return op
}

// DescribeDeliveries describes Deliveries.
func DescribeDeliveries(d *openapi.Document) *huma.Operation {
	return ofOne(d, "listDeliveries", "List what was delivered to a webhook, newest first",
		fmt.Sprintf("Those that have ended are kept for %d days, and at most %d of a webhook. Those that wait or have failed have the request, and the beginning of the last answer.",
			int(webhook.KeepDeliveries.Hours()/24), webhook.MostDeliveries),
		map[string]*huma.Response{"200": openapi.Response("One page", openapi.Schema[wire.Page[wire.Delivery]](d), openapi.Link("/webhooks/5/deliveries"))})
}

// DescribeRedeliver describes Redeliver.
func DescribeRedeliver(d *openapi.Document) *huma.Operation {
	op := ofOne(d, "redeliver", "Deliver an event again", "With the same webhook-id. 409 where the webhook is disabled, or the log of events has it no more.",
		queued(d), http.StatusConflict)
	op.Parameters = append(op.Parameters, openapi.PathInteger("delivery_id", auth.MaxID, 311))
	return op
}

// DescribeRedeliverRange describes RedeliverRange.
func DescribeRedeliverRange(d *openapi.Document) *huma.Operation {
	op := ofOne(d, "redeliverRange", "Deliver a part of the log again",
		"Those of its events are read from the log of events once more, beside what is new, and have the same webhook-ids. One range at a time: 409 before it is done, and where the webhook is disabled.",
		map[string]*huma.Response{"202": openapi.Response("The webhook", openapi.Schema[wire.Webhook](d))}, withBody(http.StatusConflict)...)
	op.RequestBody = openapi.WithExample(openapi.Body(openapi.Schema[eventRange](d), httpkit.TypeJSON), map[string]any{webhook.FieldAfter: "evt_5f0c9d1b2a3e4f60_4711"})
	return op
}

// ListQuery are the parameters of List.
func ListQuery() []*huma.Param {
	return append([]*huma.Param{openapi.Query(webhook.FieldUserID, "Only those of this user", openapi.Integer(auth.MaxID, 1))}, pageQuery()...)
}

// DeliveriesQuery are the parameters of Deliveries.
func DeliveriesQuery() []*huma.Param {
	states := &huma.Schema{Type: huma.TypeString}
	for _, s := range webhook.States() {
		states.Enum = append(states.Enum, string(s))
	}
	return append([]*huma.Param{openapi.Query(paramState, "Only those in this state", states)}, pageQuery()...)
}

func pageQuery() []*huma.Param {
	return []*huma.Param{openapi.Limit("Most entries on one page", webhook.DefaultListLimit, webhook.MaxListLimit), openapi.NextCursor()}
}
