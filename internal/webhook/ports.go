package webhook

import (
	"context"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/events"
)

// Store keeps endpoints and deliveries for requests. Every method is one transaction, safe
// for concurrent use, takes the time from the database's clock, and returns errors of kind
// fault.Unavailable where the database cannot be reached, beside those that it names. An
// auth.Entry is written together with the change that it is about, which sets its target.
type Store interface {
	// AddWebhook stores an endpoint and returns it with id and times. ErrTooMany where the
	// user has as many as most; auth.ErrUnknownUser, also where the user is being erased.
	AddWebhook(ctx context.Context, e Endpoint, most int, by auth.Entry) (Endpoint, error)
	// Webhook returns the endpoint. ErrNotFound.
	Webhook(ctx context.Context, id int64) (Endpoint, error)
	// ListWebhooks returns at most limit endpoints of the user (0: of all) whose ids are
	// beyond after, by id.
	ListWebhooks(ctx context.Context, user, after int64, limit int) ([]Endpoint, error)
	// ReviseWebhook writes what revise makes of the endpoint, but for its Position and what is
	// Outstanding; an error of it is returned as it is. ErrNotFound.
	ReviseWebhook(ctx context.Context, id int64, revise func(e Endpoint, now time.Time) (Endpoint, error), by auth.Entry) (Endpoint, error)
	// RemoveWebhook removes the endpoint with its deliveries, unless may returns an error,
	// which is returned as it is. ErrNotFound.
	RemoveWebhook(ctx context.Context, id int64, may func(Endpoint) error, by auth.Entry) error
	// QueueDelivery writes what build returns, Waiting and due now: of a delivery of the
	// endpoint, with its event where the log has it, or for 0 a new one. An error of build is
	// returned as it is. ErrNotFound.
	QueueDelivery(ctx context.Context, webhook, delivery int64, build func(Queued) (Delivery, error), by auth.Entry) (Delivery, error)
	// ListDeliveries returns at most limit deliveries of the endpoint before the id (0: from
	// the newest on), newest first; of one state, "" for all.
	ListDeliveries(ctx context.Context, webhook int64, state State, before int64, limit int) ([]Delivery, error)
	// PurgeDeliveries removes at most limit deliveries that have ended: those that are older
	// than the age, and those that are not among the latest so many of their endpoint.
	PurgeDeliveries(ctx context.Context, age time.Duration, latest, limit int) (removed int, err error)
}

// Queued is what a delivery is queued from.
type Queued struct {
	Endpoint Endpoint
	Delivery Delivery      // the zero one where a new one is asked for, or there is none
	Event    *events.Event // nil where the log does not have it
	Now      time.Time
}

// Outbox is what a Runner needs of the database; see Store.
type Outbox interface {
	// ClaimWebhooks makes the holder the one that records, and returns every endpoint that is
	// not disabled and whose user is not being erased.
	ClaimWebhooks(ctx context.Context, holder string) ([]Claim, error)
	// ScanEvents is feed.Log's: at most limit of the selected events after one id and up to
	// another, by ascending id. The caller knows that up to there the log is complete.
	ScanEvents(ctx context.Context, selected events.Selection, after, to int64, limit int) (events.Page, error)
	// EventsOf returns those of the ids that the log has.
	EventsOf(ctx context.Context, ids []int64) ([]events.Event, error)
	// DueDeliveries returns at most limit deliveries of the endpoint whose time has come, but
	// not these, those first that have waited longest.
	DueDeliveries(ctx context.Context, webhook int64, but []int64, limit int) ([]Delivery, error)
	// RecordOutcome writes how far the endpoint is read together with the results: one without a
	// row gets one, and what was asked for again since it was read (Delivery.Asked) stays Waiting. Health becomes what judge makes of it, and where that says that the
	// endpoint has recovered everything that waits is due. fault.Conflict where another
	// holder records, or the endpoint is no more.
	RecordOutcome(ctx context.Context, webhook int64, holder string, s Outcome, judge Judge) (Recorded, error)
}

// Claim is an endpoint that is delivered to.
type Claim struct {
	Endpoint // its Position is at most the end of the log; OldSecret is "" once it is over

	Due    bool      // there are deliveries whose time has come
	ReadAt time.Time // by the clock of its times
	Ahead  bool      // the position was beyond the end of the log, which has been set back
}

// Outcome is what has ended since the last one.
type Outcome struct {
	Progress // of Again the part that it had when it was read last

	Results []Result
}

// Judge returns the health after what has ended, and whether the endpoint has recovered.
type Judge func(before Health, now time.Time) (after Health, recovered bool)

// Recorded is the endpoint after a Outcome.
type Recorded struct {
	Health Health
	Again  Range // with what was asked for meanwhile
	Now    time.Time
}

// Request is one attempt.
type Request struct {
	URL       string
	ID        string
	At        time.Time
	Signature string
	Body      []byte
}

// Sender sends requests to URLs of strangers. It is safe for concurrent use.
type Sender interface {
	// Check says why the URL cannot be an endpoint's, "" where it can, as far as that can be
	// seen without a look-up.
	Check(url string) string
	// Send posts the request, follows no redirect, and returns within ctx.
	Send(ctx context.Context, r Request) Answer
}
