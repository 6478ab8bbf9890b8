package sandbox

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/imaging/schedule"
	"vitrine.dev/internal/media"
)

// job is one picture in one child.
type job struct {
	*Renderer
	*process

	slot    *schedule.Slot
	timeout time.Duration
	short   bool  // the timeout is that of the express process: where it is over, the picture is rendered as an ordinary one
	pixels  int64 // that it holds at once; 0 while that is not known
	dropped bool  // there was no room for them
	broken  bool  // the child is of no more use

	mu   sync.Mutex
	over bool // nothing may kill the child for this picture any more
	late bool // it was killed because it took too long
}

// run sends the picture and reads what comes of it.
func (j *job) run(ctx context.Context, preset media.Preset, source []byte) (media.Rendered, error) {
	defer context.AfterFunc(ctx, func() { j.abandon(false) })()
	clock := time.AfterFunc(j.timeout, func() { j.abandon(true) })
	defer clock.Stop()
	if err := writeFrame(j.in, render, encodeHead(preset), source); err != nil {
		j.broken = true
		return media.Rendered{}, err
	}
	for {
		k, payload, err := readFrame(j.out, reserveOfChild)
		switch {
		case err != nil:
		case k == outcome:
			rendered, err := decodeOutcome(payload)
			_, failed := fault.FailureOf(err)
			j.broken = err != nil && !failed
			return rendered, err
		case k == cost && len(payload) == 8:
			err = j.admit(int64(binary.BigEndian.Uint64(payload))) //nolint:gosec // a number of pixels
		case k == dropped && j.dropped:
			return media.Rendered{}, errFull
		default:
			err = fmt.Errorf("unexpected frame %q of %d bytes", k, len(payload))
		}
		if err != nil {
			j.broken = true
			return media.Rendered{}, err
		}
	}
}

// admit admits the picture of the child where there is room for it; else the child
// drops it.
func (j *job) admit(pixels int64) error {
	if j.pixels = max(pixels, 1); j.slot.Reserve(j.pixels) {
		return writeFrame(j.in, admit)
	}
	j.dropped = true
	return writeFrame(j.in, full)
}

// abandon kills the child, unless its picture is done.
func (j *job) abandon(late bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.over {
		j.over, j.late = true, late
		j.kill()
	}
}

// finish ends the job and reports whether the child is still alive.
func (j *job) finish() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	alive := !j.over
	j.over = true
	return alive
}

// expired reports whether the child was killed because it took too long.
func (j *job) expired() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.late
}
