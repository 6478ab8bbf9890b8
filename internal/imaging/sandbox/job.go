package sandbox

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// job is one picture in one child.
type job struct {
	*Renderer
	*process

	broken bool // the child is of no more use

	mu   sync.Mutex
	over bool // nothing may kill the child for this picture any more
	late bool // it was killed because it took too long
}

// run sends the picture and reads what comes of it.
func (j *job) run(ctx context.Context, preset media.Preset, source []byte) (media.Rendered, error) {
	defer context.AfterFunc(ctx, func() { j.abandon(false) })()
	clock := time.AfterFunc(j.cfg.Timeout, func() { j.abandon(true) })
	defer clock.Stop()
	leave := func() {}
	defer func() { leave() }()
	if err := writeFrame(j.in, render, encodeHead(preset), source); err != nil {
		j.broken = true
		return media.Rendered{}, err
	}
	for {
		k, payload, err := readFrame(j.out)
		switch {
		case err != nil:
		case k == outcome:
			rendered, err := decodeOutcome(payload)
			_, failed := fault.FailureOf(err)
			j.broken = err != nil && !failed
			return rendered, err
		case k == cost && len(payload) == 8:
			clock.Stop()
			leave, err = j.admitted(ctx, int64(binary.BigEndian.Uint64(payload))) //nolint:gosec // a number of pixels
			clock.Reset(j.cfg.Timeout)
		default:
			err = fmt.Errorf("unexpected frame %q of %d bytes", k, len(payload))
		}
		if err != nil {
			j.broken = true
			return media.Rendered{}, err
		}
	}
}

// admitted waits for room and admits the picture of the child.
func (j *job) admitted(ctx context.Context, pixels int64) (leave func(), err error) {
	resume := media.PauseClock(ctx)
	leave, err = j.pixels.Enter(ctx, pixels)
	resume()
	if err != nil {
		return func() {}, err
	}
	return leave, writeFrame(j.in, admit)
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
