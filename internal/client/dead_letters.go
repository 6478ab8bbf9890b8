package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"vitrine.dev/internal/httpapi/wire"
)

// DeadLetter is a failed image or an unreadable message.
type DeadLetter struct {
	wire.DeadLetter

	Raw json.RawMessage // as the server sent it
}

// UnmarshalJSON implements json.Unmarshaler.
func (l *DeadLetter) UnmarshalJSON(text []byte) error {
	l.Raw = bytes.Clone(text)
	return json.Unmarshal(text, &l.DeadLetter)
}

// DeadLetters lists at most so many, newest first. It ends with the first error.
func (c *Client) DeadLetters(ctx context.Context, filter wire.DeadFilter, most int) iter.Seq2[DeadLetter, error] {
	const pageSize = 1000 // the most that the server gives
	query := queryOf(filter)
	query.Set("limit", strconv.Itoa(max(1, min(most, pageSize))))
	return func(yield func(DeadLetter, error) bool) {
		next, left := "/dead-letters?"+query.Encode(), most
		for next != "" && left > 0 {
			var page []DeadLetter
			var err error
			if next, err = c.page(ctx, next, &page); err != nil {
				yield(DeadLetter{}, err)
				return
			}
			for _, letter := range page[:min(left, len(page))] {
				if !yield(letter, nil) {
					return
				}
			}
			left -= len(page)
		}
	}
}

func queryOf(f wire.DeadFilter) url.Values {
	query := url.Values{}
	for name, text := range map[string]string{"reason": f.Reason, "host": f.Host} {
		if text != "" {
			query.Set(name, text)
		}
	}
	for name, id := range map[string]int64{"user_id": f.UserID, "product_id": f.ProductID} {
		if id != 0 {
			query.Set(name, strconv.FormatInt(id, 10))
		}
	}
	for name, t := range map[string]*time.Time{"failed_after": f.FailedAfter, "failed_before": f.FailedBefore} {
		if t != nil {
			query.Set(name, t.Format(time.RFC3339Nano))
		}
	}
	return query
}

// ApplyToDeadLetters replays or discards. Where the server makes a job of it,
// the job is returned and no outcome.
func (c *Client) ApplyToDeadLetters(ctx context.Context, action string, order wire.DeadOrder) (outcome wire.DeadOutcome, job *wire.DeadJob, err error) {
	got, err := c.do(ctx, http.MethodPost, "/dead-letters/"+action, order)
	if err != nil {
		return outcome, nil, err
	}
	if got.status == http.StatusAccepted {
		job = &wire.DeadJob{}
		return outcome, job, got.decode(job)
	}
	err = got.decode(&outcome)
	return outcome, nil, err
}

// JobPath is the path of a job.
func JobPath(id int64) string { return fmt.Sprintf("/dead-letters/jobs/%d", id) }

// Job returns a job as it is.
func (c *Client) Job(ctx context.Context, id int64) (job wire.DeadJob, err error) {
	err = c.get(ctx, JobPath(id), &job)
	return job, err
}

// AbortJob ends a job and returns how far it got. One that has ended before is
// not an error.
func (c *Client) AbortJob(ctx context.Context, id int64) (job wire.DeadJob, err error) {
	got, err := c.do(ctx, http.MethodPost, JobPath(id)+"/abort", nil)
	if answer, ok := errors.AsType[*Error](err); ok && answer.Status == http.StatusConflict {
		return c.Job(ctx, id)
	}
	if err != nil {
		return job, err
	}
	err = got.decode(&job)
	return job, err
}
