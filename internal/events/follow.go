package events

import (
	"context"
	"time"

	"vitrine.dev/internal/backoff"
)

// How long Follow waits before it opens the log again: longer with every failure.
const (
	followAgain = 250 * time.Millisecond
	followLate  = 30 * time.Second
)

// Next is the part of a Tail that Follow reads.
type Next interface {
	Next(ctx context.Context) (Batch, error)
}

// Follow hands what is committed to each, batch by batch, until ctx is done. It is for what
// hears of changes soon where it can, and does without where it cannot: opened is called
// each time the log was opened, before which anything may have happened.
func Follow(ctx context.Context, open func(context.Context) (Next, error), outage *backoff.Outage, opened func(), each func(Batch)) error {
	for ctx.Err() == nil {
		err := follow(ctx, open, outage, opened, each)
		if ctx.Err() == nil {
			failures := outage.Failed(ctx, "event log", err)
			_ = backoff.Sleep(ctx, backoff.Jitter(backoff.Delay(failures, followAgain, followLate))) // its end ends the loop
		}
	}
	return nil
}

func follow(ctx context.Context, open func(context.Context) (Next, error), outage *backoff.Outage, opened func(), each func(Batch)) error {
	tail, err := open(ctx)
	if err != nil {
		return err
	}
	opened()
	for {
		outage.Succeeded(ctx)
		batch, err := tail.Next(ctx)
		if err != nil {
			return err
		}
		each(batch)
	}
}
