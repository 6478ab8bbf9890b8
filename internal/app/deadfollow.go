package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

const (
	// followEvery is how often the progress of a job is asked for.
	followEvery = 250 * time.Millisecond
	// followPatience is how long the server may be away meanwhile: it restarts.
	followPatience = time.Minute
)

// deadFollower watches a job to its end, and aborts it on Ctrl-C.
type deadFollower struct {
	api *apiClient
	job deadJob
	bar *jobProgress
}

func (f *deadFollower) run(ctx context.Context) error {
	f.bar.show(f.job)
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for heard := time.Now(); f.job.State == "running"; {
		select {
		case <-ctx.Done():
			return f.abort(ctx)
		case <-tick.C:
		}
		job := deadJob{}
		_, err := f.api.do(ctx, http.MethodGet, f.path(), nil, &job)
		switch {
		case err == nil:
			f.job, heard = job, time.Now()
			f.bar.show(job)
		case ctx.Err() != nil: // aborted above
		case !isTemporary(err) || time.Since(heard) > followPatience:
			f.bar.end(f.job)
			return fmt.Errorf("job %d goes on without an onlooker (GET %s): %w", f.job.ID, f.path(), err)
		}
	}
	f.bar.end(f.job)
	if f.job.State != "done" {
		return fmt.Errorf("somebody else aborted job %d", f.job.ID)
	}
	return nil
}

func (f *deadFollower) path() string { return fmt.Sprintf("/dead-letters/jobs/%d", f.job.ID) }

// abort ends the job and says how far it got.
func (f *deadFollower) abort(ctx context.Context) error {
	job := deadJob{}
	_, err := f.api.do(context.WithoutCancel(ctx), http.MethodPost, f.path()+"/abort", nil, &job)
	if problem, ok := errors.AsType[*serverError](err); ok && problem.Status == http.StatusConflict {
		_, err = f.api.do(context.WithoutCancel(ctx), http.MethodGet, f.path(), nil, &job) // it was done before we were
	}
	if err != nil {
		f.bar.end(f.job)
		return fmt.Errorf("job %d could not be aborted and goes on (POST %s/abort ends it): %w", f.job.ID, f.path(), err)
	}
	f.bar.end(job)
	if job.State == "done" {
		return nil
	}
	return fmt.Errorf("aborted: %s of %s; the others stay on the list", count(job.Done), count(job.Total))
}
