package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
)

// Client is a client of one server. It is safe for concurrent use.
type Client struct {
	base string
	key  string
	http *http.Client
}

const (
	timeout   = 30 * time.Second // of one request
	maxAnswer = 64 << 20         // bytes
)

// New returns a client of the API at the URL that sends the API key, "" for none.
func New(base, key string) *Client {
	return &Client{base: strings.TrimSuffix(base, "/"), key: key, http: &http.Client{Timeout: timeout}}
}

// Error is an answer with a status of 400 or above.
type Error struct{ httpkit.Problem }

func (e *Error) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "the server answered %d", e.Status)
	if e.Code != "" { // absent where a proxy or an earlier server answered
		text.WriteString(" " + e.Code)
	}
	text.WriteString(": " + e.Detail)
	if e.Status == http.StatusUnauthorized {
		text.WriteString(" (VITRINE_API_KEY is sent where it is set)")
	}
	for _, field := range e.Errors {
		fmt.Fprintf(&text, "\n  %s %s", field.Field, field.Reason)
	}
	return text.String()
}

// IsTemporary reports whether the same request may succeed later: the server
// could not be reached, or answered 503.
func IsTemporary(err error) bool {
	answer, ok := errors.AsType[*Error](err)
	return !ok || answer.Status == http.StatusServiceUnavailable
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) decode(result any) error {
	if err := json.Unmarshal(a.body, result); err != nil {
		return fmt.Errorf("the server's answer: %w", err)
	}
	return nil
}

// do sends the body as JSON, nil for none, with pairs of headers. An answer that is an error is an
// *Error.
func (c *Client) do(ctx context.Context, method, path string, body any, headers ...string) (answer, error) {
	var encoded io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return answer{}, fmt.Errorf("encode request: %w", err)
		}
		encoded = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, encoded)
	if err != nil {
		return answer{}, fmt.Errorf("request: %w", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return c.finish(ctx, c.http, req)
}

// finish sends the request and reads the answer to its end. One that is an error is an *Error.
func (c *Client) finish(ctx context.Context, by *http.Client, req *http.Request) (answer, error) {
	resp, err := c.send(ctx, by, req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return answer{}, fmt.Errorf("read the server's answer: %w", err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return answer{}, problemOf(resp.StatusCode, text)
	}
	return answer{resp.StatusCode, resp.Header, text}, nil
}

// send sends the request with the key.
func (c *Client) send(ctx context.Context, by *http.Client, req *http.Request) (*http.Response, error) {
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	resp, err := by.Do(req)
	switch {
	case err == nil:
		return resp, nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("stopped: %w", context.Cause(ctx))
	default:
		return nil, fmt.Errorf("no server answers at %s; is `vitrine serve` or `vitrine api` running there? (--url names another): %w", c.base, err)
	}
}

// problemOf is the error of an answer with that status and body.
func problemOf(status int, body []byte) *Error {
	problem := &Error{httpkit.Problem{Status: status, Detail: httpkit.StatusText(status)}}
	_ = json.Unmarshal(body, problem) // a proxy may answer with anything
	return problem
}

// get reads the path into result.
func (c *Client) get(ctx context.Context, path string, result any) error {
	got, err := c.do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	return got.decode(result)
}

// page reads one page of a list and returns the path of the next, "" where
// there is none.
func (c *Client) page(ctx context.Context, path string, page any) (next string, err error) {
	got, err := c.do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return "", err
	}
	if link, more := strings.CutPrefix(got.header.Get("Link"), "<"); more {
		next, _, _ = strings.Cut(link, ">")
	}
	return next, got.decode(page)
}

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
	return list[DeadLetter](ctx, c, "/dead-letters", queryOf(filter), pageSize, most)
}

// DeadLetterSummary counts by reason, host and user, and returns the answer as the server sent it.
func (c *Client) DeadLetterSummary(ctx context.Context, filter wire.DeadFilter) (summary wire.DeadSummary, raw json.RawMessage, err error) {
	if err := c.get(ctx, "/dead-letters/summary?"+queryOf(filter).Encode(), &raw); err != nil {
		return summary, nil, err
	}
	return summary, raw, json.Unmarshal(raw, &summary)
}

// list lists at most so many elements of the pages from a path on.
func list[T any](ctx context.Context, c *Client, path string, query url.Values, pageSize, most int) iter.Seq2[T, error] {
	query.Set("limit", strconv.Itoa(max(1, min(most, pageSize))))
	return func(yield func(T, error) bool) {
		next, left := path+"?"+query.Encode(), most
		for next != "" && left > 0 {
			var page struct {
				Data []T `json:"data"`
			}
			var err error
			if next, err = c.page(ctx, next, &page); err != nil {
				yield(*new(T), err)
				return
			}
			for _, element := range page.Data[:min(left, len(page.Data))] {
				if !yield(element, nil) {
					return
				}
			}
			left -= len(page.Data)
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
func (c *Client) ApplyToDeadLetters(ctx context.Context, action string, order wire.DeadOrder) (outcome wire.DeadOutcome, job *Job, err error) {
	got, err := c.do(ctx, http.MethodPost, "/dead-letters/"+action, order)
	if err != nil {
		return outcome, nil, err
	}
	job, err = madeJob(got, &outcome)
	return outcome, job, err
}
