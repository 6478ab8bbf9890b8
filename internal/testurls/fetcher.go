package testurls

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// Host is reserved, and so is every name below it, each a host of its own with the limits
// of one. The top-level domain test is never delegated (RFC 6761).
const Host = "vitrine.test"

const (
	// MaxDelay is how long an answer can be asked to wait: as long as a host is given
	// that has not answered before (media.WorkerConfig.Patience).
	MaxDelay = 10 * time.Second
	// MaxSide is how wide and high a picture can be asked to be, in pixels.
	MaxSide = 2000

	defaultWidth, defaultHeight = 640, 480
)

// Fetcher answers the reserved URLs, and has all others fetched. It is safe for concurrent
// use.
type Fetcher struct {
	Others  media.Fetcher
	Timeout time.Duration // of a download, as of others
}

// Fetch implements media.Fetcher.
func (f Fetcher) Fetch(ctx context.Context, s media.Source, into io.Writer) (media.Answer, error) {
	u, err := url.Parse(s.URL)
	if err != nil || !reserved(media.SourceHost(s.URL)) {
		return f.Others.Fetch(ctx, s, into)
	}
	asked, err := read(u)
	if err != nil {
		return media.Answer{}, f.failed(fault.SourceNotFound, "This test URL is none: "+err.Error()+".")
	}
	if err := backoff.Sleep(ctx, min(asked.delay, f.Timeout)); err != nil {
		return media.Answer{}, fmt.Errorf("fetch: %w", err)
	}
	if asked.delay > f.Timeout {
		return media.Answer{}, f.failed(fault.SourceTimeout, "The host was too slow.")
	}
	return f.answer(asked, s.Known, into)
}

// answer ends the download as it was asked to.
func (f Fetcher) answer(asked request, known media.Version, into io.Writer) (media.Answer, error) {
	reason := fault.Reason(asked.name)
	if detail, ends := fetches(reason); ends {
		return media.Answer{}, f.failed(reason, detail)
	}
	version := media.Version{ETag: asked.etag()}
	if version == known {
		return media.Answer{Version: known, Unchanged: true}, nil
	}
	body, err := asked.body()
	if err != nil {
		return media.Answer{}, f.failed(fault.StorageUnavailable, "The test picture could not be made.")
	}
	if _, err := into.Write(body); err != nil {
		return media.Answer{}, err
	}
	return media.Answer{Version: version}, nil
}

// failed blames the URL alone: a breaker that opened would have the tests of one program
// depend on those of another.
func (Fetcher) failed(reason fault.Reason, detail string) *fault.Failure {
	failure := fault.Fail(reason, detail, nil)
	failure.Blame = fault.BlameURL
	return failure
}

func reserved(host string) bool { return host == Host || strings.HasSuffix(host, "."+Host) }

// request is what a URL asks for.
type request struct {
	name          string // ready or a reason
	delay         time.Duration
	width, height int
	seed          string
}

// Ready is the path of a picture that becomes ready. The others are the reasons of Reasons.
const Ready = "ready"

// Reasons lists the reasons that have a URL: those with which an attempt can end. The loss
// of a worker is none: it is the end of a process; and who cancels an import ends no attempt.
func Reasons() []fault.Reason {
	var list []fault.Reason
	for _, r := range fault.Reasons() {
		if r != fault.WorkerLost && r != fault.Cancelled {
			list = append(list, r)
		}
	}
	return list
}

// read reads a URL. Its errors end a sentence.
func read(u *url.URL) (request, error) {
	r := request{name: strings.TrimPrefix(u.Path, "/"), width: defaultWidth, height: defaultHeight}
	known := r.name == Ready
	for _, reason := range Reasons() {
		known = known || r.name == string(reason)
	}
	if !known {
		return r, fmt.Errorf("its path must be /%s or a reason, such as /%s", Ready, fault.SourceNotFound)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return r, errors.New("its query cannot be read")
	}
	for name, values := range query {
		value := values[len(values)-1]
		switch {
		case name == "delay":
			r.delay, err = readDelay(value)
		case name == "width" && r.name == Ready:
			r.width, err = readSide(name, value)
		case name == "height" && r.name == Ready:
			r.height, err = readSide(name, value)
		case name == "seed" && r.name == Ready:
			r.seed = value
		default:
			err = fmt.Errorf("/%s has no parameter %q", r.name, name)
		}
		if err != nil {
			return r, err
		}
	}
	return r, nil
}

func readDelay(value string) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 || d > MaxDelay {
		return 0, fmt.Errorf("delay must be from 0s to %s, such as 2s", MaxDelay)
	}
	return d, nil
}

func readSide(name, value string) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > MaxSide {
		return 0, fmt.Errorf("%s must be from 1 to %d", name, MaxSide)
	}
	return n, nil
}

// fetches says with which sentence the download itself ends for the reason; the others
// come of what is downloaded.
func fetches(r fault.Reason) (detail string, ends bool) {
	switch r {
	case fault.SourceNotFound:
		return "The host answered with status 404.", true
	case fault.SourceForbidden:
		return "The host answered with status 403.", true
	case fault.SourceTimeout:
		return "The host was too slow.", true
	case fault.SourceUnreachable:
		return "The host could not be connected to.", true
	case fault.AddressBlocked:
		return "The host has an address that is not fetched from.", true
	case fault.TooManyRedirects:
		return "The host redirected too many times.", true
	case fault.TooLargeBytes:
		return "The image has more bytes than the limit.", true
	case fault.DecoderCrashed: // no file that we know of does it
		return "The picture could not be processed.", true
	case fault.StorageUnavailable:
		return "The results could not be stored.", true
	default:
		return "", false
	}
}
