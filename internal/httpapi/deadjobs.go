package httpapi

import (
	"fmt"
	"net/http"
)

func (a *api) listDeadJobs(w http.ResponseWriter, r *http.Request) error {
	jobs, err := a.DeadLetters.Jobs(r.Context())
	if err != nil {
		return fmt.Errorf("list dead letter jobs: %w", err)
	}
	list := make([]deadJob, len(jobs))
	for i, j := range jobs {
		list[i] = wireDeadJob(j)
	}
	w.Header().Set("Cache-Control", "no-store")
	return writeJSON(w, http.StatusOK, list)
}

func (a *api) getDeadJob(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	job, err := a.DeadLetters.Job(r.Context(), id)
	if err != nil {
		return fmt.Errorf("get dead letter job %d: %w", id, err)
	}
	w.Header().Set("Cache-Control", "no-store")
	return writeJSON(w, http.StatusOK, wireDeadJob(job))
}

func (a *api) abortDeadJob(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	job, err := a.DeadLetters.Abort(r.Context(), id)
	if err != nil {
		return fmt.Errorf("abort dead letter job %d: %w", id, err)
	}
	return writeJSON(w, http.StatusOK, wireDeadJob(job))
}
