package testurls_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	_ "image/png"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/imaging"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/testurls"
)

// network is what fetches all other URLs.
type network struct{ asked []string }

func (n *network) Fetch(_ context.Context, s media.Source, _ io.Writer) (media.Answer, error) {
	n.asked = append(n.asked, s.URL)
	return media.Answer{}, nil
}

// attempt does what a worker does of an image: it fetches and renders it.
func attempt(t *testing.T, renderer media.Renderer, url string) (media.Rendered, error) {
	t.Helper()
	others := &network{}
	var body bytes.Buffer
	_, err := testurls.Fetcher{Others: others, Timeout: time.Minute}.Fetch(t.Context(), media.Source{URL: url}, &body)
	if len(others.asked) > 0 {
		t.Fatalf("the network was asked for %v", others.asked)
	}
	if err != nil {
		return media.Rendered{}, err
	}
	return renderer.Render(t.Context(), media.DefaultPreset(false), body.Bytes())
}

func pureGo(t *testing.T) media.Renderer {
	t.Helper()
	cfg := imaging.DefaultConfig()
	cfg.Engine = imaging.EngineGo
	renderer, err := imaging.New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return renderer
}

// TestEveryReason: each reason but the loss of a worker and the end of an import has a URL, whose attempt ends with
// it, and says nothing against the host.
func TestEveryReason(t *testing.T) {
	t.Parallel()
	renderer, host := pureGo(t), dispatch.Host{}
	for i, reason := range fault.Reasons() {
		_, err := attempt(t, renderer, "https://vitrine.test/"+string(reason))
		want := reason
		if reason == fault.WorkerLost || reason == fault.Cancelled {
			want = fault.SourceNotFound
		}
		f, ok := fault.FailureOf(err)
		if !ok || f.Reason != want || !strings.HasSuffix(f.Detail, ".") {
			t.Errorf("%s: %v", reason, err)
			continue
		}
		for try := range int64(20) { // of different URLs
			before := host
			host = dispatch.Observe(host, try, media.Fetch{URL: int64(i)*100 + try, Failure: f})
			if opened, _ := dispatch.Breaker(before, host); opened || host.Failures > 0 {
				t.Fatalf("%s is counted against the host: %+v", reason, host)
			}
		}
	}
}

func TestReady(t *testing.T) {
	t.Parallel()
	renderer := pureGo(t)
	for url, size := range map[string]image.Point{
		"https://vitrine.test/ready":                                 {X: 640, Y: 480},
		"http://Shop-7.VITRINE.test:80/ready?width=1&height=2000":    {X: 1, Y: 2000},
		"https://vitrine.test:443/ready?height=33&seed=%F0%9F%90%88": {X: 640, Y: 33},
	} {
		got, err := attempt(t, renderer, url)
		if err != nil || got.Width != size.X || got.Height != size.Y {
			t.Errorf("%s: %d × %d, %v", url, got.Width, got.Height, err)
		}
	}
}

// TestPicturesDiffer: the same URL is always the same picture, which its host recognises;
// each other seed and size is another one.
func TestPicturesDiffer(t *testing.T) {
	t.Parallel()
	f := testurls.Fetcher{Timeout: time.Minute}
	seen := map[string]string{}
	for _, url := range []string{"", "?seed=1", "?seed=2", "?width=641", "?height=641"} {
		url = "https://vitrine.test/ready" + url
		var once, twice bytes.Buffer
		answer, err := f.Fetch(t.Context(), media.Source{URL: url}, &once)
		if err != nil || answer.ETag == "" {
			t.Fatalf("%s: %+v, %v", url, answer, err)
		}
		again, err := f.Fetch(t.Context(), media.Source{URL: url, Known: media.Version{ETag: `"other"`}}, &twice)
		if err != nil || !reflect.DeepEqual(again, answer) || !bytes.Equal(once.Bytes(), twice.Bytes()) {
			t.Errorf("%s is not the same picture twice: %+v, %v", url, again, err)
		}
		unchanged, err := f.Fetch(t.Context(), media.Source{URL: url, Known: answer.Version}, nil)
		if err != nil || !unchanged.Unchanged {
			t.Errorf("%s: %+v, %v", url, unchanged, err)
		}
		if _, _, err := image.Decode(&once); err != nil {
			t.Errorf("%s: %v", url, err)
		}
		for _, key := range []string{answer.ETag, twice.String()} {
			if other := seen[key]; other != "" {
				t.Errorf("%s is as %s", url, other)
			}
			seen[key] = url
		}
	}
}

func TestWhatIsNoTestURL(t *testing.T) {
	t.Parallel()
	for url, detail := range map[string]string{
		"https://vitrine.test":                       "its path must be /ready or a reason, such as /source_not_found.",
		"https://vitrine.test/Ready":                 "its path must be",
		"https://a.b.vitrine.test/ready/":            "its path must be",
		"https://vitrine.test/ready?width=0":         "width must be from 1 to 2000.",
		"https://vitrine.test/ready?height=2001":     "height must be from 1 to 2000.",
		"https://vitrine.test/ready?delay=10.5s":     "delay must be from 0s to 10s, such as 2s.",
		"https://vitrine.test/ready?delay=-1s":       "delay must be",
		"https://vitrine.test/ready?delay=2":         "delay must be",
		"https://vitrine.test/ready?colour=red":      `/ready has no parameter "colour".`,
		"https://vitrine.test/source_timeout?seed=1": `/source_timeout has no parameter "seed".`,
		"https://vitrine.test/ready?seed=1;width=2":  "its query cannot be read.",
	} {
		_, err := testurls.Fetcher{Timeout: time.Minute}.Fetch(t.Context(), media.Source{URL: url}, io.Discard)
		f, ok := fault.FailureOf(err)
		if !ok || f.Reason != fault.SourceNotFound || !strings.Contains(f.Detail, detail) {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// TestOthersAreFetched: what only resembles the host goes to the network.
func TestOthersAreFetched(t *testing.T) {
	t.Parallel()
	others := &network{}
	urls := []string{
		"https://vitrine.test:8443/ready", "https://notvitrine.test/ready", "https://vitrine.test.example/ready", "https://vitrine.tests/ready",
		"https://example.com/?https://vitrine.test/ready", "ftp:vitrine.test",
	}
	for _, url := range urls {
		if _, err := (testurls.Fetcher{Others: others, Timeout: time.Minute}).Fetch(t.Context(), media.Source{URL: url}, io.Discard); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	if len(others.asked) != len(urls) {
		t.Errorf("fetched: %q", others.asked)
	}
}

func TestDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fetch := func(ctx context.Context, timeout time.Duration, url string) (time.Duration, error) {
			started := time.Now()
			_, err := testurls.Fetcher{Timeout: timeout}.Fetch(ctx, media.Source{URL: url}, io.Discard)
			return time.Since(started), err
		}
		if took, err := fetch(t.Context(), time.Minute, "https://vitrine.test/ready?delay=2s&width=9&height=9"); took != 2*time.Second || err != nil {
			t.Errorf("after %v: %v", took, err)
		}
		took, err := fetch(t.Context(), 3*time.Second, "https://vitrine.test/source_forbidden?delay=10s")
		if f, ok := fault.FailureOf(err); took != 3*time.Second || !ok || f.Reason != fault.SourceTimeout {
			t.Errorf("later than a download may be, after %v: %v", took, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if took, err = fetch(ctx, time.Minute, "https://vitrine.test/source_timeout?delay=5s"); took != time.Second || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ended from outside, after %v: %v", took, err)
		}
	})
}
