package webhook

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/paging"
)

// ErrNoDelivery is the answer where the endpoint has no such delivery.
var ErrNoDelivery = fault.New(fault.NotFound, "there is no such delivery")

// nowTimeout bounds how long a new endpoint waits for the end of the log.
const nowTimeout = 5 * time.Second

// Service are the use cases of endpoints. A principal sees and changes what belongs to its
// user; what is another's is ErrNotFound. Errors are of the kinds of package fault.
type Service struct {
	store Store
	check func(url string) string
	box   Box
	end   func(context.Context) (int64, error) // events.Horizon.Now
	epoch func() string
}

// NewService returns the use cases: check is Sender's, end an events.Horizon's Now, and epoch
// is of the installation.
func NewService(store Store, check func(url string) string, box Box, end func(context.Context) (int64, error), epoch func() string) *Service {
	return &Service{store: store, check: check, box: box, end: end, epoch: epoch}
}

// Create makes an endpoint, which is sent what is committed after the return, and returns it
// with its secret, which no one can read again. fault.Invalid, fault.Forbidden, ErrTooMany.
func (s *Service) Create(ctx context.Context, by auth.Principal, d Draft) (Endpoint, Secret, error) {
	user, err := by.For(d.UserID)
	if err != nil {
		return Endpoint{}, nil, err
	}
	bad, secret := d.FieldErrors, NewSecret()
	if user == 0 {
		bad.Add(FieldUserID, "is required")
	}
	checkName(&bad, d.Name)
	checkURL(&bad, d.URL, s.check)
	checkTypes(&bad, d.Types)
	if d.Secret != "" {
		if secret, err = ParseSecret(d.Secret); err != nil {
			bad.Add(FieldSecret, err.Error())
		}
	}
	if err := bad.Err(); err != nil {
		return Endpoint{}, nil, err
	}
	ending, cancel := context.WithTimeout(ctx, nowTimeout)
	defer cancel()
	end, err := s.end(ending)
	if err != nil {
		return Endpoint{}, nil, fault.Wrap(fault.Unavailable, "the log of events is held up", err)
	}
	e, err := s.store.AddWebhook(ctx, Endpoint{
		UserID: user, Name: d.Name, URL: d.URL, Types: d.Types, Secret: s.box.Seal(secret, user), Progress: Progress{Position: end},
	}, MaxPerUser, auth.EntryOf(ctx, by, "webhook.create"))
	return e, secret, err
}

// Get returns the endpoint.
func (s *Service) Get(ctx context.Context, by auth.Principal, id int64) (Endpoint, error) {
	e, err := s.store.Webhook(ctx, id)
	if err == nil {
		err = owned(by, e)
	}
	return e, err
}

// List returns a page of endpoints by id, those beyond after, and whether there are more: of
// the user, 0 for the principal's own. limit 0 stands for DefaultListLimit. fault.Forbidden.
func (s *Service) List(ctx context.Context, by auth.Principal, user, after int64, limit int) (list []Endpoint, more bool, err error) {
	if user, err = by.For(user); err != nil {
		return nil, false, err
	}
	return paging.Read(limit, DefaultListLimit, MaxListLimit, func(limit int) ([]Endpoint, error) { return s.store.ListWebhooks(ctx, user, after, limit) })
}

// Change applies the patch. fault.Invalid.
func (s *Service) Change(ctx context.Context, by auth.Principal, id int64, p Patch) (Endpoint, error) {
	return s.revise(ctx, by, id, "webhook.change", func(e Endpoint, now time.Time) (Endpoint, error) { return p.apply(e, now, s.check) })
}

func (s *Service) revise(
	ctx context.Context, by auth.Principal, id int64, action string, rule func(Endpoint, time.Time) (Endpoint, error),
) (Endpoint, error) {
	return s.store.ReviseWebhook(ctx, id, func(e Endpoint, now time.Time) (Endpoint, error) {
		if err := owned(by, e); err != nil {
			return e, err
		}
		return rule(e, now)
	}, auth.EntryOf(ctx, by, action))
}

// Delete removes the endpoint with its deliveries.
func (s *Service) Delete(ctx context.Context, by auth.Principal, id int64) error {
	return s.store.RemoveWebhook(ctx, id, func(e Endpoint) error { return owned(by, e) }, auth.EntryOf(ctx, by, "webhook.delete"))
}

// RotateSecret draws another secret, or takes the one given, and returns it. Requests are
// signed with the old one, too, for the overlap. fault.Invalid.
func (s *Service) RotateSecret(ctx context.Context, by auth.Principal, id int64, given string, overlap time.Duration) (Endpoint, Secret, error) {
	secret := NewSecret()
	var bad fault.FieldErrors
	if given != "" {
		var err error
		if secret, err = ParseSecret(given); err != nil {
			bad.Add(FieldSecret, err.Error())
		}
	}
	if overlap < 0 || overlap > MaxOverlap {
		bad.Add(FieldOverlap, fmt.Sprintf("must be from 0 to %d seconds", MaxOverlap/time.Second))
	}
	e, err := s.revise(ctx, by, id, "webhook.rotate-secret", func(e Endpoint, now time.Time) (Endpoint, error) {
		e.OldSecret, e.OldUntil = e.Secret, now.Add(overlap)
		if overlap == 0 {
			e.OldSecret, e.OldUntil = "", time.Time{}
		}
		e.Secret, e.UpdatedAt = s.box.Seal(secret, e.UserID), now
		return e, bad.Err()
	})
	return e, secret, err
}

// Test queues a test event of the type, "" for the first that the endpoint wants. It is tried
// once. fault.Invalid; fault.Conflict where the endpoint is disabled.
func (s *Service) Test(ctx context.Context, by auth.Principal, id int64, t events.Type) (Delivery, error) {
	return s.store.QueueDelivery(ctx, id, 0, func(q Queued) (Delivery, error) {
		e := q.Endpoint
		if err := owned(by, e); err != nil {
			return Delivery{}, err
		}
		if t != "" && !slices.Contains(Types(), t) {
			return Delivery{}, fault.InvalidField(FieldType, "must be one of "+typeNames())
		}
		if err := e.enabled(); err != nil {
			return Delivery{}, err
		}
		m := sample("test_"+rand.Text(), cmp.Or(t, e.wanted()[0]), e.UserID, q.Now)
		body, err := m.Encode()
		return Delivery{WebhookID: e.ID, MessageID: m.ID, Type: m.Type, State: Waiting, Body: body}, err
	}, auth.EntryOf(ctx, by, "webhook.test"))
}

// Deliveries returns a page of the deliveries of the endpoint before the id (0: from the
// newest on), newest first, of one state ("": of all), and whether there are more.
func (s *Service) Deliveries(
	ctx context.Context, by auth.Principal, id int64, state State, before int64, limit int,
) (list []Delivery, more bool, err error) {
	if _, err := s.Get(ctx, by, id); err != nil {
		return nil, false, err
	}
	return paging.Read(limit, DefaultListLimit, MaxListLimit, func(limit int) ([]Delivery, error) { return s.store.ListDeliveries(ctx, id, state, before, limit) })
}

// Redeliver has a delivery tried again from the beginning, at once. ErrNoDelivery;
// fault.Conflict where the endpoint is disabled, or the log has the event no more.
func (s *Service) Redeliver(ctx context.Context, by auth.Principal, id, delivery int64) (Delivery, error) {
	return s.store.QueueDelivery(ctx, id, delivery, func(q Queued) (Delivery, error) {
		if err := owned(by, q.Endpoint); err != nil {
			return Delivery{}, err
		}
		if q.Delivery.ID == 0 {
			return Delivery{}, ErrNoDelivery
		}
		if err := q.Endpoint.enabled(); err != nil {
			return Delivery{}, err
		}
		return q.Delivery.again(q.Event, s.epoch())
	}, auth.EntryOf(ctx, by, "webhook.redeliver"))
}

// RedeliverRange has the events after one and up to another, "" for the present end, read from
// the log and delivered once more, beside those that are new. fault.Invalid; fault.Conflict
// where the endpoint is disabled, or while another range is.
func (s *Service) RedeliverRange(ctx context.Context, by auth.Principal, id int64, after, until string) (Endpoint, error) {
	var bad fault.FieldErrors
	r := Range{After: s.position(&bad, FieldAfter, after)}
	if until != "" {
		r.Until = s.position(&bad, FieldUntil, until)
	}
	return s.revise(ctx, by, id, "webhook.redeliver-range", func(e Endpoint, _ time.Time) (Endpoint, error) {
		if err := bad.Err(); err != nil {
			return e, err
		}
		if err := e.enabled(); err != nil {
			return e, err
		}
		if !e.Again.Empty() {
			return e, fault.New(fault.Conflict, "a range is being redelivered to this webhook; wait until it is done")
		}
		if until == "" || r.Until > e.Position { // what follows is still to come
			r.Until = e.Position
		}
		e.Again = r
		return e, nil
	})
}

// position reads the id of an event of this epoch.
func (s *Service) position(bad *fault.FieldErrors, field, text string) int64 {
	id, err := events.ParsePublicID(text)
	switch {
	case err != nil:
		bad.Add(field, "is not the id of an event")
	case id.Epoch != s.epoch():
		bad.Add(field, "is the id of an event before the data was restored or copied")
	}
	return id.Position
}
