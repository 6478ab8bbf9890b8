package webhook

import (
	"time"

	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
)

// State is where the delivery of an event to an endpoint is.
type State string

// The states. Waiting is for the next attempt, or the first one of what was asked for.
const (
	Waiting   State = "waiting"
	Delivered State = "delivered"
	Failed    State = "failed"
)

// States lists them.
func States() []State { return []State{Waiting, Delivered, Failed} }

// How long the log of deliveries is kept: so long, and at most so many of an endpoint. What
// is waiting is kept until it has ended.
const (
	KeepDeliveries   = 30 * 24 * time.Hour
	MostDeliveries   = 10_000
	MaxListLimit     = 100
	DefaultListLimit = 50
)

// Delivery is one event on its way to one endpoint.
type Delivery struct {
	ID          int64 // 0: it has no row
	WebhookID   int64
	EventID     int64 // 0: a test
	MessageID   string
	Type        events.Type
	State       State
	Attempts    int
	Body        []byte // of the request; nil once it is delivered
	Status      int    // of the last answer; 0: there was none
	Failure     string // why there was none
	Answer      []byte // what is kept of the last answer, where that was a failure
	Duration    time.Duration
	CreatedAt   time.Time
	AttemptedAt time.Time // zero: not yet
	NextAt      time.Time // while Waiting
	Asked       int       // how often it was asked for again: an attempt that began before is not its last
}

// Result is a delivery after an attempt.
type Result struct {
	Delivery

	Answer Answer
	Wait   time.Duration // until the next attempt, while Waiting
}

// result returns the delivery after an attempt that ended with the answer. A test is tried
// once: who asked for it looks at the result.
func (p Policy) result(d Delivery, a Answer) Result {
	d.Attempts++
	d.Status, d.Failure, d.Duration = a.Status, a.Failure, a.Duration
	if a.Delivered() {
		d.State, d.Body, d.Answer = Delivered, nil, nil
		return Result{Delivery: d, Answer: a}
	}
	d.Answer = a.Body
	wait, again := p.wait(d.Attempts, a)
	if d.State = Waiting; !again || d.EventID == 0 {
		d.State, wait = Failed, 0
	}
	return Result{Delivery: d, Answer: a, Wait: wait}
}

// again returns the delivery as one that is tried from the beginning; event is nil where the
// log does not have it any more. fault.Conflict.
func (d Delivery) again(event *events.Event, epoch string) (Delivery, error) {
	if len(d.Body) == 0 {
		if event == nil {
			return d, fault.New(fault.Conflict, "the event is no longer in the log")
		}
		body, err := messageOf(*event, epoch).Encode()
		if err != nil {
			return d, err
		}
		d.Body = body
	}
	d.State, d.Attempts, d.Asked = Waiting, 0, d.Asked+1
	return d, nil
}
