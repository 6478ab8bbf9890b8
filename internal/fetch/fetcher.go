package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"vitrine.dev/internal/catalog/imageurl"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/safehttp"
	"vitrine.dev/internal/tracing"
)

// Fetcher downloads images. It is safe for concurrent use, keeps connections
// for the next download from the same host, and must be closed.
type Fetcher struct {
	cfg       Config
	transport *safehttp.Transport
}

// New returns a fetcher with limits for which Validate finds no fault.
func New(cfg Config) *Fetcher { return &Fetcher{cfg: cfg, transport: safehttp.New(cfg.Config)} }

// Close closes unused connections.
func (f *Fetcher) Close() error { return f.transport.Close() }

// Fetch implements media.Fetcher.
func (f *Fetcher) Fetch(ctx context.Context, s media.Source, into io.Writer) (media.Answer, error) {
	answer, err := f.fetch(ctx, s, into)
	if err != nil && ctx.Err() != nil { // the caller's own wish, whatever it broke
		return media.Answer{}, fmt.Errorf("fetch: %w", ctx.Err())
	}
	return answer, err
}

func (f *Fetcher) fetch(parent context.Context, s media.Source, into io.Writer) (media.Answer, error) {
	limited, stop := context.WithTimeoutCause(parent, f.cfg.Timeout, errSlow)
	defer stop()
	ctx, cancel := context.WithCancelCause(limited)
	defer cancel(nil)

	patience := s.Patience
	if patience == 0 {
		patience = f.cfg.Timeout
	}
	impatient := time.AfterFunc(patience, func() { cancel(errSlow) })
	response, moved, answer, err := f.follow(ctx, s)
	impatient.Stop()
	if err != nil {
		return answer, blamed(failure(ctx, err), moved)
	}
	defer response.Body.Close()
	redirected := answer.Redirects > 0
	if response.StatusCode == http.StatusNotModified && s.Known != (media.Version{}) && !redirected {
		answer.Version, answer.Unchanged = s.Known, true
		return answer, nil
	}
	if refused := f.judge(response); refused != nil {
		return answer, blamed(refused, moved)
	}
	if err := f.read(response, cancel, into); err != nil {
		return answer, blamed(failure(ctx, err), true)
	}
	if !redirected { // what the last URL says of itself tells nothing of where the first one leads next time
		answer.ETag, answer.Modified = validator(response.Header, "Etag"), validator(response.Header, "Last-Modified")
	}
	return answer, nil
}

// validator returns the header, "" for one that could not be kept and sent back as it is.
func validator(h http.Header, name string) string {
	v := h.Get(name)
	if len(v) > media.MaxValidatorBytes || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return v
}

// follow requests the URL, and what it redirects to, until an answer is not a
// redirect. Only the first one is asked by the version that is known. The caller closes its body. moved tells that the URL's own host has
// answered, with a redirect to another one; the answer tells how often, and the last status, also with an error.
func (f *Fetcher) follow(ctx context.Context, s media.Source) (response *http.Response, moved bool, answer media.Answer, err error) {
	reference, known := s.URL, s.Known
	var first, last *url.URL
	for {
		u, refused := parse(last, reference)
		if refused != nil {
			return nil, moved, answer, refused
		}
		if err := f.transport.Check(u); err != nil {
			return nil, moved, answer, err
		}
		if first == nil {
			first = u
		}
		moved = moved || !strings.EqualFold(u.Host, first.Host)
		response, err := f.get(ctx, u, known, &answer)
		if err != nil {
			return nil, moved, answer, err
		}
		location, isRedirect := redirect(response)
		if !isRedirect {
			return response, moved, answer, nil
		}
		_ = response.Body.Close()
		if answer.Redirects == f.cfg.MaxRedirects {
			break
		}
		answer.Redirects++
		last, reference, known = u, location, media.Version{}
	}
	return nil, moved, answer, fault.Fail(fault.TooManyRedirects,
		fmt.Sprintf("The host redirected more than %d times.", f.cfg.MaxRedirects), nil)
}

// get makes one request. It goes to the transport directly: a client would add
// redirects, cookies and a Referer of its own. The request takes the URL as it
// was checked; written out and parsed again it might mean something else. The answer tells of it.
func (f *Fetcher) get(ctx context.Context, u *url.URL, known media.Version, answer *media.Answer) (response *http.Response, err error) {
	ctx, span := tracing.StartCall(ctx, tracing.SpanGet)
	defer func() { traced(span, u, answer.Redirects, response, err) }()
	request := (&http.Request{
		Method: http.MethodGet,
		URL:    u,
		Header: http.Header{
			"User-Agent":      {f.cfg.UserAgent},
			"Accept":          {"image/*, */*;q=0.5"},
			"Accept-Encoding": {"identity"},
		},
	}).WithContext(ctx)
	for name, value := range map[string]string{"If-None-Match": known.ETag, "If-Modified-Since": known.Modified} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	hop, began := media.Hop{Host: media.HostOf(u)}, time.Now()
	response, err = f.transport.RoundTrip(request)
	hop.Took = time.Since(began)
	if err != nil {
		if _, blocked := errors.AsType[*safehttp.BlockedError](err); !blocked {
			answer.Hops = append(answer.Hops, hop)
		}
		return nil, fmt.Errorf("request: %w", err)
	}
	hop.Status, answer.Status = response.StatusCode, response.StatusCode
	answer.Hops = append(answer.Hops, hop)
	return response, nil
}

// redirect returns where the answer sends us. A redirect without a Location is
// none.
func redirect(r *http.Response) (location string, ok bool) {
	switch r.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		location = r.Header.Get("Location")
		return location, location != ""
	default:
		return "", false
	}
}

// parse reads a URL or a redirect's Location. base is nil or the URL that the
// reference is relative to.
func parse(base *url.URL, reference string) (*url.URL, *fault.Failure) {
	if base == nil { // older versions stored it as it was written
		reference = imageurl.Clean(reference)
	}
	u, err := url.Parse(reference)
	if err != nil { // which quotes the URL, with the secrets that may be in it
		return nil, fault.Fail(fault.AddressBlocked, "The URL is malformed.", nil)
	}
	if base != nil {
		u = base.ResolveReference(u)
	}
	return u, nil
}

// Config bounds downloads. Begin with DefaultConfig.
type Config struct {
	safehttp.Config // of each request; the connections to a host are waited for within Timeout

	MaxBytes     int64 // of a body
	MaxRedirects int   // 0 follows none

	Timeout     time.Duration // the whole download, redirects included
	IdleTimeout time.Duration // between two pieces of the body

	UserAgent string
}

// DefaultConfig returns the limits for pictures from the public internet.
func DefaultConfig() Config {
	return Config{
		Config:       safehttp.DefaultConfig(),
		MaxBytes:     25_000_000,
		MaxRedirects: 5,
		Timeout:      30 * time.Second,
		IdleTimeout:  10 * time.Second,
		UserAgent:    "Vitrine/1.0 (product image fetcher)",
	}
}
