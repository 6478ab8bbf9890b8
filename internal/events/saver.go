package events

import (
	"context"
	"sync/atomic"
	"time"

	"vitrine.dev/internal/fault"
)

// saver writes the position of a reader and renews its lease, while the reader
// goes on: a position that is not written yet costs a repetition after a crash.
type saver struct {
	reader  *Reader
	reached atomic.Int64
	ended   chan struct{}
}

func newSaver(r *Reader, position int64) *saver {
	s := &saver{reader: r, ended: make(chan struct{})}
	s.reached.Store(position)
	return s
}

func (s *saver) position() int64 { return s.reached.Load() }

// reach notes that everything up to the position is done.
func (s *saver) reach(position int64) { s.reached.Store(position) }

// stop ends run, which then writes the last position and ends the lease.
func (s *saver) stop() { close(s.ended) }

// run writes until it is stopped. It returns an error when the lease is another's,
// or may be: where it could not be renewed in time.
func (s *saver) run(ctx context.Context) error {
	cfg := s.reader.cfg
	tick := time.NewTicker(min(cfg.Save, cfg.Lease/3))
	defer tick.Stop()
	written, renewed := s.position(), time.Now()
	for {
		stopped := false
		select {
		case <-tick.C:
		case <-s.ended:
			stopped = true
		}
		position := s.position()
		if position != written || !stopped && time.Since(renewed) >= cfg.Lease/3 {
			began := time.Now()
			err := s.save(ctx, position)
			switch {
			case err == nil:
				written, renewed = position, began
			case fault.KindOf(err) == fault.Conflict, time.Since(renewed) >= cfg.Lease:
				s.reader.log.WarnContext(ctx, "event reader has lost its lease; another process goes on", "position", position, "error", err)
				return err
			default:
				s.reader.log.DebugContext(ctx, "position of the event reader not written, will be retried", "error", err)
			}
		}
		if stopped {
			s.release(ctx)
			return nil
		}
	}
}

func (s *saver) save(ctx context.Context, position int64) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.reader.cfg.Lease/3)
	defer cancel()
	return s.reader.positions.SaveReader(ctx, s.reader.name, s.reader.holder, position, s.reader.cfg.Lease)
}

// release lets another process go on at once. Where it fails the lease runs out
// by itself.
func (s *saver) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.reader.cfg.Lease/3)
	defer cancel()
	if err := s.reader.positions.ReleaseReader(ctx, s.reader.name, s.reader.holder); err != nil {
		s.reader.log.WarnContext(ctx, "event reader not released", "error", err)
	}
}
