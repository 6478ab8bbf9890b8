package sqlstore_test

import (
	"context"
	"log/slog"
	"testing"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/feed"
	"vitrine.dev/internal/sqlstore"
)

// followStreams records what a client has of streams from the beginning of the log, each of which
// it leaves after some events to open one with the last id, at one of two processes by turns.
func followStreams(t *testing.T, s *sqlstore.Store, log events.Log) *recorder {
	t.Helper()
	r := &recorder{moved: make(chan struct{}, 1)}
	ctx, stop := context.WithCancel(t.Context())
	var feeds [2]*feed.Feed
	ended := make(chan error, len(feeds)+1)
	for i := range feeds {
		f := feed.New(horizonOf(log), s, func() string { return "e" }, slog.New(slog.DiscardHandler))
		feeds[i] = f
		go func() { ended <- f.Run(ctx) }()
	}
	go func() {
		after := feed.Oldest
		for n := 0; ; n++ {
			at, err := readSome(ctx, feeds[n%len(feeds)], after, 1+n%40, r)
			if ctx.Err() != nil {
				err = nil
			}
			if err != nil || ctx.Err() != nil {
				ended <- err
				return
			}
			after = at
		}
	}()
	t.Cleanup(func() {
		stop()
		for range cap(ended) {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
	return r
}

// readSome notes what so many batches of a stream have, and returns where the next one begins.
func readSome(ctx context.Context, f *feed.Feed, after string, batches int, r *recorder) (at string, err error) {
	s, err := f.Open(ctx, feed.Query{By: auth.Everyone(), After: after})
	if err != nil {
		return after, err
	}
	defer s.Close()
	for range batches {
		list, err := s.Next(ctx)
		if err != nil {
			return after, err
		}
		r.note(list, s.Position().Position)
		after = events.PublicID{Epoch: "e", Position: list[len(list)-1].ID}.String()
	}
	return after, nil
}
