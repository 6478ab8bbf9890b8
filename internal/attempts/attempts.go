package attempts

import (
	"cmp"
	"context"
	"slices"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// Attempt is an attempt at an image that has ended.
type Attempt struct {
	events.Work

	Number  int // from 1 in each generation; 0: the image failed without an attempt, since its host had long been silent
	Outcome media.Outcome
	Failure *fault.Failure // reason and detail; nil where the image is ready
	EndedAt time.Time
}

// Asked is a moment at which the image was asked for again.
type Asked struct {
	At    time.Time
	Cause events.Cause
}

// History is what has happened to an image.
type History struct {
	Attempts []Attempt
	Asked    []Asked
}

// Add adds what an event of the image tells of. Events of failures are none of it: of a failed attempt more is kept.
func (h *History) Add(e events.Event) {
	switch {
	case e.Type == events.ImageReady, e.Type == events.ImageRefreshed:
		h.Attempts = append(h.Attempts, ready(e))
	case e.Type == events.ImageRetrying && e.Data.Cause != "":
		h.Asked = append(h.Asked, Asked{e.OccurredAt, e.Data.Cause})
	}
}

// ready is the attempt that an event of type events.ImageReady or events.ImageRefreshed tells of.
func ready(e events.Event) Attempt {
	a := Attempt{Number: e.Data.Attempt, Outcome: media.OutcomeReady, EndedAt: e.OccurredAt}
	if e.Data.Work != nil { // else another version of the program has written it
		a.Work = *e.Data.Work
	}
	return a
}

// EventsRead is how many events of an image are read: those of its retries are among them.
const EventsRead = 4 * media.AttemptsKept

// Store keeps attempts. Its methods are safe for concurrent use, take the time from the
// database's clock, and return errors of kind fault.Unavailable where the database cannot be
// reached.
type Store interface {
	// AttemptsOf returns the owner of an image of the product, and of its history the last
	// media.AttemptsKept attempts that were retried or failed, and the last EventsRead of its events, as far back as the
	// log of events goes, in no order. catalog.ErrNoImage.
	AttemptsOf(ctx context.Context, product, image int64) (user int64, h History, err error)
	// PurgeAttempts removes at most limit that are so old, and returns how many.
	PurgeAttempts(ctx context.Context, age time.Duration, limit int) (removed int, err error)
}

// Service tells what has happened to images. It is safe for concurrent use.
type Service struct{ store Store }

// NewService returns a Service.
func NewService(store Store) *Service { return &Service{store} }

// Of returns the history of an image, in its order. A fetch that showed that nothing has
// changed is none of its attempts, nor is one that was superseded or interrupted. catalog.ErrNoImage, also where the
// principal may not read it.
func (s *Service) Of(ctx context.Context, by auth.Principal, product, image int64) (History, error) {
	user, h, err := s.store.AttemptsOf(ctx, product, image)
	if err == nil && !by.Reads(user) {
		err = catalog.ErrNoImage
	}
	if err != nil {
		return History{}, err
	}
	slices.SortFunc(h.Asked, func(a, b Asked) int { return a.At.Compare(b.At) })
	slices.SortFunc(h.Attempts, func(a, b Attempt) int {
		return cmp.Or(a.EndedAt.Compare(b.EndedAt), cmp.Compare(a.Generation, b.Generation), cmp.Compare(a.Number, b.Number))
	})
	return h, nil
}
