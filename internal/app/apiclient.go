package app

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
)

// apiClient is what a command asks a running server through.
type apiClient struct {
	base string
	http *http.Client
}

const (
	clientTimeout   = 30 * time.Second // of one request
	maxClientAnswer = 64 << 20         // bytes
)

func newAPIClient(base string) *apiClient {
	return &apiClient{base: base, http: &http.Client{Timeout: clientTimeout}}
}

// serverError is an answer of the server that is none we asked for.
type serverError struct {
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Errors []struct {
		Field  string `json:"field"`
		Reason string `json:"reason"`
	} `json:"errors"`
}

func (p *serverError) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "the server answered %d: %s", p.Status, p.Detail)
	for _, e := range p.Errors {
		fmt.Fprintf(&text, "\n  %s %s", e.Field, e.Reason)
	}
	return text.String()
}

// reply is what an answer says beside its body.
type reply struct {
	status int
	header http.Header
}

// do sends the body, nil for none, and decodes the answer into result.
func (c *apiClient) do(ctx context.Context, method, path string, body, result any) (reply, error) {
	var sent io.Reader = http.NoBody
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return reply{}, fmt.Errorf("encode request: %w", err)
		}
		sent = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, sent)
	if err != nil {
		return reply{}, fmt.Errorf("request: %w", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return reply{}, fmt.Errorf("stopped: %w", context.Cause(ctx))
		}
		return reply{}, fmt.Errorf("no server answers at %s; is `vitrine serve` or `vitrine api` running there? (--url names another): %w", c.base, err)
	}
	defer resp.Body.Close()
	got := reply{resp.StatusCode, resp.Header}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxClientAnswer))
	if err != nil {
		return reply{}, fmt.Errorf("read the server's answer: %w", err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		problem := &serverError{Status: resp.StatusCode, Detail: http.StatusText(resp.StatusCode)}
		_ = json.Unmarshal(answer, problem) // what stands between may answer with anything
		return got, problem
	}
	if err := json.Unmarshal(answer, result); err != nil {
		return got, fmt.Errorf("the server's answer: %w", err)
	}
	return got, nil
}

// page reads one page of a list and returns the path of the next, "" where
// there is none.
func (c *apiClient) page(ctx context.Context, path string, page any) (next string, err error) {
	got, err := c.do(ctx, http.MethodGet, path, nil, page)
	if err != nil {
		return "", err
	}
	link, more := strings.CutPrefix(got.header.Get("Link"), "<")
	if !more {
		return "", nil
	}
	next, _, _ = strings.Cut(link, ">")
	return next, nil
}

// isTemporary reports whether asking again may help.
func isTemporary(err error) bool {
	problem, ok := errors.AsType[*serverError](err)
	return !ok || problem.Status == http.StatusServiceUnavailable
}
