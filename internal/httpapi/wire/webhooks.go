package wire

import "time"

// Webhook is where a user wants events.
type Webhook struct {
	ID             int64      `json:"id"                         minimum:"1"`
	UserID         int64      `json:"user_id"                    minimum:"1" doc:"Whose events it is sent"`
	Name           string     `json:"name,omitempty"             example:"shop front"`
	URL            string     `json:"url"                        example:"https://shop.example/hooks/vitrine"`
	Types          []string   `json:"types"                      nullable:"false" doc:"Of the events that it is sent; none stands for all of them"`
	Enabled        bool       `json:"enabled"                    doc:"Whether it is sent events. One that is not keeps its place in the log"`
	DisabledReason string     `json:"disabled_reason,omitempty"  enum:"request,gone,failing" doc:"request: by a request; gone: it has answered with 410; failing: nothing could be delivered for days"`
	DisabledAt     *time.Time `json:"disabled_at,omitempty"`
	Failures       int        `json:"failures"                   minimum:"0" doc:"Requests that have failed in a row"`
	FailingSince   *time.Time `json:"failing_since,omitempty"    doc:"When the first of them failed"`
	WarnedAt       *time.Time `json:"warned_at,omitempty"        doc:"Since when it fails for so long that it will be disabled"`
	PausedUntil    *time.Time `json:"paused_until,omitempty"     doc:"Nothing is sent before: it has failed or has asked for time"`
	OldSecretUntil *time.Time `json:"old_secret_until,omitempty" doc:"Until when requests are signed with the secret before the present one, too"`
	Redelivering   bool       `json:"redelivering"               doc:"Whether a range of events is being delivered once more"`
	CreatedAt      time.Time  `json:"created_at"`
	UpdatedAt      time.Time  `json:"updated_at"                 doc:"The last change by a request"`
}

// CreatedWebhook is an endpoint with its secret.
type CreatedWebhook struct {
	Webhook

	Secret string `json:"secret" doc:"What requests are signed with. It is shown this once" example:"whsec_…"`
}

// Delivery is one event on its way to an endpoint.
type Delivery struct {
	ID          int64            `json:"id"                     minimum:"1"`
	WebhookID   int64            `json:"webhook_id"             minimum:"1"`
	MessageID   string           `json:"message_id"             doc:"The webhook-id: the id of the event, or of the test" example:"evt_5f0c9d1b2a3e4f60_4711"`
	Type        string           `json:"type"                   example:"image.ready"`
	State       string           `json:"state"                  enum:"waiting,delivered,failed" doc:"waiting: for the next attempt"`
	Attempts    int              `json:"attempts"               minimum:"0"`
	CreatedAt   time.Time        `json:"created_at"`
	AttemptedAt *time.Time       `json:"attempted_at,omitempty" doc:"The last attempt; absent before the first one"`
	NextAt      *time.Time       `json:"next_at,omitempty"      doc:"When it is tried again at the earliest; only while it waits"`
	Status      int              `json:"status,omitempty"       doc:"Of the last answer; absent where there was none"`
	Error       string           `json:"error,omitempty"        doc:"Why there was no answer"`
	DurationMS  int64            `json:"duration_ms"            minimum:"0" doc:"Of the last request, in milliseconds"`
	Request     *DeliveryRequest `json:"request,omitempty"      doc:"What is sent; absent once it is delivered"`
	Answer      string           `json:"answer,omitempty"       doc:"The first 4 kB of the last answer, where that was a failure; what is no UTF-8 is replaced"`
}

// DeliveryRequest is what an endpoint is sent, but for time and signature, which every attempt has of
// its own.
type DeliveryRequest struct {
	Headers map[string]string `json:"headers" nullable:"false"`
	Body    string            `json:"body"`
}
