package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"vitrine.dev/internal/httpapi/wire"
)

// Job is a background job, of whatever kind, and how far it is.
type Job struct {
	ID    int64  `json:"id"`
	State string `json:"state"`
	Total int64  `json:"total"`
	Done  int64  `json:"done"`

	Path string          `json:"-"` // where it is read
	Raw  json.RawMessage `json:"-"` // as the server sent it
}

// RefreshImages has images fetched again by a job, or counts them in a dry run: then there
// is no job.
func (c *Client) RefreshImages(ctx context.Context, order wire.RefreshOrder) (counted wire.RefreshCount, job *Job, err error) {
	got, err := c.do(ctx, http.MethodPost, "/images/refresh", order)
	if err != nil {
		return counted, nil, err
	}
	job, err = madeJob(got, &counted)
	return counted, job, err
}

// madeJob returns the job that an answer is, or reads what else it is into result.
func madeJob(a answer, result any) (*Job, error) {
	if a.status != http.StatusAccepted {
		return nil, a.decode(result)
	}
	job, err := readJob(a.header.Get("Location"), a)
	return &job, err
}

func readJob(path string, a answer) (Job, error) {
	job := Job{Path: path, Raw: bytes.TrimSpace(a.body)}
	return job, a.decode(&job)
}

// Job returns the job at the path as it is.
func (c *Client) Job(ctx context.Context, path string) (Job, error) {
	got, err := c.do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return Job{}, err
	}
	return readJob(path, got)
}

// AbortJob ends a job and returns how far it got. One that has ended before is
// not an error.
func (c *Client) AbortJob(ctx context.Context, path string) (Job, error) {
	got, err := c.do(ctx, http.MethodPost, path+"/abort", nil)
	if answer, ok := errors.AsType[*Error](err); ok && answer.Status == http.StatusConflict {
		return c.Job(ctx, path)
	}
	if err != nil {
		return Job{}, err
	}
	return readJob(path, got)
}
