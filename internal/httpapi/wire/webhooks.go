package wire

import "time"

// Webhook is where a user wants events.
type Webhook struct {
	ID             int64      `json:"id"                         minimum:"1" example:"5"`
	UserID         int64      `json:"user_id"                    minimum:"1" doc:"Whose events it is sent" example:"1"`
	Name           string     `json:"name,omitempty"             example:"shop front"`
	URL            string     `json:"url"                        example:"https://shop.example/hooks/vitrine"`
	Types          []string   `json:"types"                      nullable:"false" doc:"Of the events that it is sent; none stands for all of them" example:"image.ready,image.failed"`
	Enabled        bool       `json:"enabled"                    doc:"Whether it is sent events. One that is not keeps its place in the log" example:"true"`
	DisabledReason string     `json:"disabled_reason,omitempty"  enum:"request,gone,failing" doc:"request: by a request; gone: it has answered with 410; failing: nothing could be delivered for days" typical:"false"`
	DisabledAt     *time.Time `json:"disabled_at,omitempty" typical:"false"`
	Failures       int        `json:"failures"                   minimum:"0" doc:"Requests that have failed in a row" example:"0"`
	FailingSince   *time.Time `json:"failing_since,omitempty"    doc:"When the first of them failed" typical:"false"`
	WarnedAt       *time.Time `json:"warned_at,omitempty"        doc:"Since when it fails for so long that it will be disabled" typical:"false"`
	PausedUntil    *time.Time `json:"paused_until,omitempty"     doc:"Nothing is sent before: it has failed or has asked for time" typical:"false"`
	OldSecretUntil *time.Time `json:"old_secret_until,omitempty" doc:"Until when requests are signed with the secret before the present one, too" typical:"false"`
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
	ID          int64            `json:"id"                     minimum:"1" example:"311"`
	WebhookID   int64            `json:"webhook_id"             minimum:"1" example:"5"`
	MessageID   string           `json:"message_id"             doc:"The webhook-id: the id of the event, or of the test" example:"evt_5f0c9d1b2a3e4f60_4711"`
	Type        string           `json:"type"                   example:"image.ready"`
	State       string           `json:"state"                  enum:"waiting,delivered,failed" doc:"waiting: for the next attempt" example:"delivered"`
	Attempts    int              `json:"attempts"               minimum:"0" example:"1"`
	CreatedAt   time.Time        `json:"created_at"`
	AttemptedAt *time.Time       `json:"attempted_at,omitempty" doc:"The last attempt; absent before the first one" example:"2026-11-02T09:30:01Z"`
	NextAt      *time.Time       `json:"next_at,omitempty"      doc:"When it is tried again at the earliest; only while it waits" example:"2026-11-02T09:30:06Z" typical:"false"`
	Status      int              `json:"status,omitempty"       doc:"Of the last answer; absent where there was none" example:"204"`
	Error       string           `json:"error,omitempty"        doc:"Why there was no answer" example:"the host took too long" typical:"false"`
	DurationMS  int64            `json:"duration_ms"            minimum:"0" doc:"Of the last request, in milliseconds" example:"84"`
	Request     *DeliveryRequest `json:"request,omitempty"      doc:"What is sent; absent once it is delivered" typical:"false"`
	Answer      string           `json:"answer,omitempty"       doc:"The first 4 kB of the last answer, where that was a failure; what is no UTF-8 is replaced" example:"Service Unavailable" typical:"false"`
}

// DeliveryRequest is what an endpoint is sent, but for time and signature, which every attempt has of
// its own.
type DeliveryRequest struct {
	Headers map[string]string `json:"headers" nullable:"false" example:"{\"content-type\":\"application/json\",\"webhook-id\":\"evt_5f0c9d1b2a3e4f60_4711\"}"`
	Body    string            `json:"body" example:"{\"id\":\"evt_5f0c9d1b2a3e4f60_4711\",\"type\":\"image.ready\",\"product_id\":101,\"image_id\":42,\"user_id\":1,\"occurred_at\":\"2026-11-02T09:30:00Z\",\"product\":{\"revision\":3,\"version\":1},\"data\":{\"attempt\":1}}"`
}
