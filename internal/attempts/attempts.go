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

// Ready is the attempt that an event of type events.ImageReady or events.ImageRefreshed tells of.
func Ready(e events.Event) Attempt {
	a := Attempt{Number: e.Data.Attempt, Outcome: media.OutcomeReady, EndedAt: e.OccurredAt}
	if e.Data.Work != nil { // else another version of the program has written it
		a.Work = *e.Data.Work
	}
	return a
}

// Store keeps attempts. Its methods are safe for concurrent use, take the time from the
// database's clock, and return errors of kind fault.Unavailable where the database cannot be
// reached.
type Store interface {
	// AttemptsOf returns the owner of an image of the product, and of the attempts at it the last
	// media.AttemptsKept that were retried or failed, and as many of the others, as far back as the
	// log of events goes, in no order. catalog.ErrNoImage.
	AttemptsOf(ctx context.Context, product, image int64) (user int64, list []Attempt, err error)
	// PurgeAttempts removes at most limit that are so old, and returns how many.
	PurgeAttempts(ctx context.Context, age time.Duration, limit int) (removed int, err error)
}

// Service tells what has happened to images. It is safe for concurrent use.
type Service struct{ store Store }

// NewService returns a Service.
func NewService(store Store) *Service { return &Service{store} }

// Of returns the attempts at an image, in their order. A fetch that showed that nothing has
// changed is none of them, nor is one that was superseded or interrupted. catalog.ErrNoImage, also where the
// principal may not read it.
func (s *Service) Of(ctx context.Context, by auth.Principal, product, image int64) ([]Attempt, error) {
	user, list, err := s.store.AttemptsOf(ctx, product, image)
	if err == nil && !by.Reads(user) {
		err = catalog.ErrNoImage
	}
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b Attempt) int {
		return cmp.Or(a.EndedAt.Compare(b.EndedAt), cmp.Compare(a.Generation, b.Generation), cmp.Compare(a.Number, b.Number))
	})
	return list, nil
}
