package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"vitrine.dev/internal/httpkit"
)

// Client is a client of one server. It is safe for concurrent use.
type Client struct {
	base string
	http *http.Client
}

const (
	timeout   = 30 * time.Second // of one request
	maxAnswer = 64 << 20         // bytes
)

// New returns a client of the API at the URL.
func New(base string) *Client {
	return &Client{base: strings.TrimSuffix(base, "/"), http: &http.Client{Timeout: timeout}}
}

// Error is an answer with a status of 400 or above.
type Error struct{ httpkit.Problem }

func (e *Error) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "the server answered %d: %s", e.Status, e.Detail)
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

// do sends the body as JSON, nil for none. An answer that is an error is an
// *Error.
func (c *Client) do(ctx context.Context, method, path string, body any) (answer, error) {
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
	resp, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return answer{}, fmt.Errorf("stopped: %w", context.Cause(ctx))
		}
		return answer{}, fmt.Errorf("no server answers at %s; is `vitrine serve` or `vitrine api` running there? (--url names another): %w", c.base, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return answer{}, fmt.Errorf("read the server's answer: %w", err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		problem := &Error{httpkit.Problem{Status: resp.StatusCode, Detail: http.StatusText(resp.StatusCode)}}
		_ = json.Unmarshal(text, problem) // a proxy may answer with anything
		return answer{}, problem
	}
	return answer{resp.StatusCode, resp.Header, text}, nil
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
