package feed

import (
	"context"
	"errors"

	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/seats"
)

const (
	// MaxStreams is how many streams a process has open at once.
	MaxStreams = 1000
	// MaxStreamsOfUser is how many of them are opened with keys of one user.
	MaxStreamsOfUser = 100
)

var (
	// ErrTooManyStreams is the answer where MaxStreams are open.
	ErrTooManyStreams = fault.New(fault.Unavailable, "too many streams are open here; try again")
	// ErrTooManyOfUser is the answer where MaxStreamsOfUser of the user are open.
	ErrTooManyOfUser = fault.New(fault.Conflict, "too many streams of this user are open")
)

// streamBatch is how many events a stream holds at once.
const streamBatch = 100

// ErrEnded is the end of a stream whose process is about to end, or whose positions mean
// nothing any more: the client opens another one.
var ErrEnded = errors.New("the stream has ended")

// Stream follows the log for one client. It is for one goroutine.
type Stream struct {
	feed  *Feed
	place place
	seat  seats.Taken
}

// Open returns a stream of what follows the position. ErrTooManyStreams, ErrTooManyOfUser; ErrGone;
// fault.Invalid; fault.Unavailable.
func (f *Feed) Open(ctx context.Context, q Query) (*Stream, error) {
	at, err := f.begin(ctx, q, Latest)
	if err != nil {
		return nil, err
	}
	seat, err := f.streams.TryTake(q.By.Caller, 1) // not of whom an admin acts for
	switch {
	case errors.Is(err, seats.ErrFullOfUser):
		return nil, ErrTooManyOfUser
	case err != nil:
		return nil, ErrTooManyStreams
	}
	return &Stream{feed: f, place: at, seat: seat}, nil
}

// Close gives its place to others.
func (s *Stream) Close() { s.seat.Free() }

// Position is that of the last event that Next returned, or one behind it before which there is
// no other for this client.
func (s *Stream) Position() events.PublicID { return s.place.id() }

// Next waits for events and returns those that follow. ErrEnded; ErrGone; fault.Unavailable; the
// cause of ctx's end, after which it can be called again.
func (s *Stream) Next(ctx context.Context) ([]events.Event, error) {
	for {
		if s.feed.epoch() != s.place.epoch {
			return nil, ErrEnded
		}
		list, more, err := s.feed.read(ctx, &s.place, streamBatch)
		if err != nil || len(list) > 0 {
			return list, err
		}
		if !more && !s.feed.wait(ctx, s.place.position, nil) {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			return nil, ErrEnded
		}
	}
}
