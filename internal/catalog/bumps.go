package catalog

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"vitrine.dev/internal/cache"
)

// progressInterval is how old lists may be for the progress of images, and so
// how rarely progress bumps the lists of one user, by all processes together: of 50 pictures
// that become ready within a second the user's lists are made again twice.
const progressInterval = time.Second

// flushTimeout bounds what bumps does by itself: a delayed bump, and
// all of them when the process ends.
const flushTimeout = 5 * time.Second

// bumps has lists made again: at once for edits; for progress at once where the
// last bump of that user's is an interval ago, else when it is.
type bumps struct {
	bump  func(ctx context.Context, group string) error
	apart func(ctx context.Context, group string, apart time.Duration) (wait time.Duration, err error)
	log   *slog.Logger

	mu     sync.Mutex
	recent map[string]*recentBump // by group: progress of the last interval
	closed bool
}

// recentBump is when a group was bumped for progress last.
type recentBump struct {
	next  *time.Timer
	due   bool      // there was progress since
	last  time.Time // when that was, the latest
	since time.Time // when bumps of it began to fail; zero where the last did not
}

// atOnce bumps the group. What progress there was is covered by it.
func (b *bumps) atOnce(ctx context.Context, group string) error {
	b.mu.Lock()
	r := b.recent[group]
	owed := r != nil && r.due
	if owed {
		r.due = false
	}
	b.mu.Unlock()
	err := b.bump(ctx, group)
	if err != nil && owed {
		b.mu.Lock()
		defer b.mu.Unlock()
		r.due = true
	}
	return err
}

// progressed bumps the group now or within progressInterval. A delayed bump that
// fails is tried again after every interval, as long as there may be fences.
func (b *bumps) progressed(ctx context.Context, group string) error {
	b.mu.Lock()
	if r := b.recent[group]; r != nil {
		r.due, r.last = true, time.Now()
		b.mu.Unlock()
		return nil
	}
	if b.closed {
		b.mu.Unlock()
		return b.bump(ctx, group)
	}
	asked := time.Now()
	r := &recentBump{next: time.AfterFunc(progressInterval, func() { b.next(group) }), last: asked} //nolint:contextcheck // outlives the call
	b.recent[group] = r
	b.mu.Unlock()
	wait, err := b.apart(ctx, group, progressInterval)
	if wait > 0 {
		return b.later(ctx, group, r, asked, wait)
	}
	return err
}

// later bumps the group after wait, which was the answer when it was asked for: it was bumped within the
// interval, which has shown the progress before that. At once where this process ends.
func (b *bumps) later(ctx context.Context, group string, r *recentBump, asked time.Time, wait time.Duration) error {
	b.mu.Lock()
	closed := b.closed
	if !closed {
		if b.recent[group] == nil { // the answer took longer than the interval
			b.recent[group] = r
		}
		r = b.recent[group]
		bumped := asked.Add(wait - progressInterval) // or later
		r.due, r.since = !r.last.Before(bumped), time.Time{}
		r.next.Reset(wait)
	}
	b.mu.Unlock()
	if closed {
		return b.bump(ctx, group)
	}
	return nil
}

// next is called an interval after the last bump.
func (b *bumps) next(group string) {
	b.mu.Lock()
	r := b.recent[group]
	if r == nil || !r.due {
		delete(b.recent, group)
		b.mu.Unlock()
		return
	}
	r.due = false
	asked := time.Now()
	b.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	wait, err := b.apart(ctx, group, progressInterval)
	if wait > 0 {
		err = b.later(ctx, group, r, asked, wait)
		if err == nil {
			return
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case err == nil:
		r.since = time.Time{}
	case r.since.IsZero():
		r.since, r.due = time.Now(), true
		b.log.WarnContext(ctx, "lists are not up to date, this will be repeated", "group", group, "error", err)
	default:
		r.due = r.due || time.Since(r.since) < cache.FenceLife
	}
	if !b.closed {
		r.next.Reset(progressInterval)
	}
}

// close bumps what is due, so that no list stays old until its lease is over.
func (b *bumps) close() error {
	b.mu.Lock()
	b.closed = true
	var due []string
	for group, r := range b.recent {
		r.next.Stop()
		if r.due {
			due = append(due, group)
		}
	}
	clear(b.recent)
	b.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	var errs []error
	for _, group := range due {
		errs = append(errs, b.bump(ctx, group))
	}
	return errors.Join(errs...)
}
