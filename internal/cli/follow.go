package cli

import (
	"context"
	"fmt"
	"time"

	"vitrine.dev/internal/client"
	"vitrine.dev/internal/httpapi/wire"
)

const (
	// followEvery is how often the progress of a job is asked for.
	followEvery = 250 * time.Millisecond
	// outageLimit is how long the server may be unavailable meanwhile: it restarts.
	outageLimit = time.Minute
)

// follower follows a job to its end, and aborts it on Ctrl-C.
type follower struct {
	api *client.Client
	job wire.DeadJob
	bar *progress
}

func (f *follower) run(ctx context.Context) error {
	f.bar.show(f.job)
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for answered := time.Now(); f.job.State == "running"; {
		select {
		case <-ctx.Done():
			return f.abort(ctx)
		case <-tick.C:
		}
		job, err := f.api.Job(ctx, f.job.ID)
		switch {
		case err == nil:
			f.job, answered = job, time.Now()
			f.bar.show(job)
		case ctx.Err() != nil: // aborted above
		case !client.IsTemporary(err) || time.Since(answered) > outageLimit:
			f.bar.end(f.job)
			return fmt.Errorf("job %d goes on, not followed any more (GET %s): %w", f.job.ID, client.JobPath(f.job.ID), err)
		}
	}
	f.bar.end(f.job)
	if f.job.State != "done" {
		return fmt.Errorf("someone else aborted job %d", f.job.ID)
	}
	return nil
}

// abort ends the job and prints how far it got.
func (f *follower) abort(ctx context.Context) error {
	job, err := f.api.AbortJob(context.WithoutCancel(ctx), f.job.ID)
	if err != nil {
		f.bar.end(f.job)
		return fmt.Errorf("job %d could not be aborted and goes on (POST %s/abort ends it): %w", f.job.ID, client.JobPath(f.job.ID), err)
	}
	f.bar.end(job)
	if job.State == "done" {
		return nil
	}
	return fmt.Errorf("aborted: %s of %s; the others stay on the list", count(job.Done), count(job.Total))
}
