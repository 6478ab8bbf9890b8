package s3_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/blob/s3"
	"vitrine.dev/internal/fault"
)

const secret = "a-secret-that-no-one-may-read"

// idleTimeout is short, since tests wait for it, and long enough for a busy machine.
const idleTimeout = 2 * time.Second

// pretend starts a server that answers every request alike, and a store on it.
func pretend(t *testing.T, answer http.HandlerFunc) *s3.Store {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return open(t, s3.Config{
		Bucket: "bucket", AccessKeyID: "vitrine", SecretAccessKey: secret, Endpoint: server.URL,
		MaxAttempts: 2, Timeout: 20 * time.Second, IdleTimeout: idleTimeout,
	})
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	refusal := func(code string) string { return "<Error><Code>" + code + "</Code><Message>no</Message></Error>" }
	for _, c := range []struct {
		name   string
		status int
		code   string
		open   fault.Kind
		put    fault.Kind
	}{
		{"no such key", 404, "NoSuchKey", fault.NotFound, fault.Unavailable},
		{"no such bucket", 404, "NoSuchBucket", fault.Unavailable, fault.Unavailable},
		{"forbidden", 403, "AccessDenied", fault.Unavailable, fault.Unavailable},
		{"wrong key", 403, "SignatureDoesNotMatch", fault.Unavailable, fault.Unavailable},
		{"unknown key", 403, "InvalidAccessKeyId", fault.Unavailable, fault.Unavailable},
		{"old token", 400, "ExpiredToken", fault.Unavailable, fault.Unavailable},
		{"no keys", 401, "Unauthorized", fault.Unavailable, fault.Unavailable},
		{"another region", 301, "PermanentRedirect", fault.Unavailable, fault.Unavailable},
		{"wrong region", 400, "AuthorizationHeaderMalformed", fault.Unavailable, fault.Unavailable},
		{"disabled account", 403, "AllAccessDisabled", fault.Unavailable, fault.Unavailable},
		{"wrong clock", 403, "RequestTimeTooSkewed", fault.Unavailable, fault.Unavailable},
		{"full", 507, "InsufficientStorage", fault.Unavailable, fault.Unavailable},
		{"over quota", 403, "QuotaExceeded", fault.Unavailable, fault.Unavailable},
		{"slow down", 503, "SlowDown", fault.Unavailable, fault.Unavailable},
		{"internal", 500, "InternalError", fault.Unavailable, fault.Unavailable},
		{"timeout", 400, "RequestTimeout", fault.Unavailable, fault.Unavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			s := pretend(t, func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				w.Header().Set("Content-Type", "application/xml")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, refusal(c.code))
			})
			_, err := s.Open(t.Context(), "a.webp")
			if fault.KindOf(err) != c.open {
				t.Errorf("open: got %v, want an error of kind %s", err, c.open)
			}
			if got := asked.Load(); got > 2 {
				t.Errorf("open asked %d times, more than its attempts", got)
			}
			put := s.Put(t.Context(), "a.webp", "image/webp", []byte("x"))
			if fault.KindOf(put) != c.put {
				t.Errorf("put: got %v, want an error of kind %s", put, c.put)
			}
			probe := blob.Probe(t.Context(), s)
			if fault.KindOf(probe) != fault.Unavailable || !strings.Contains(probe.Error(), c.code) {
				t.Errorf("probe: got %v, want unavailable with %s", probe, c.code)
			}
			if text := errors.Join(err, put, probe).Error(); strings.Contains(text, secret) {
				t.Errorf("the errors tell the secret: %s", text)
			}
		})
	}
}

func TestRetriesOnceThenSucceeds(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	s := pretend(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if asked.Add(1) == 1 || string(body) != "whole body" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	if err := s.Put(t.Context(), "a.webp", "image/webp", []byte("whole body")); err != nil {
		t.Error(err)
	}
	if got := asked.Load(); got != 2 {
		t.Errorf("asked %d times, want 2", got)
	}
}

func TestBodyThatStalls(t *testing.T) {
	t.Parallel()
	s := pretend(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, "some")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // where nothing else ends it
	defer cancel()
	object, err := s.Open(ctx, "a.webp")
	if err != nil {
		t.Fatal(err)
	}
	defer object.Body.Close()
	if _, err := io.ReadAll(object.Body); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("read: got %v, want an error of kind unavailable", err)
	}
}

func TestBodyCutShort(t *testing.T) {
	t.Parallel()
	s := pretend(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, "some")
	})
	object, err := s.Open(t.Context(), "a.webp")
	if err != nil {
		t.Fatal(err)
	}
	defer object.Body.Close()
	if _, err := io.ReadAll(object.Body); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("read: got %v, want an error of kind unavailable", err)
	}
}

func TestCallerLeavesInTheMiddle(t *testing.T) {
	t.Parallel()
	reached := make(chan struct{}, 1)
	s := pretend(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		reached <- struct{}{}
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-reached
		cancel()
	}()
	err := s.List(ctx, "", func(blob.Info) error { return nil })
	if !errors.Is(err, context.Canceled) || fault.KindOf(err) == fault.Unavailable {
		t.Errorf("got %v, want that the context was cancelled", err)
	}
}

func TestTimeoutBoundsAnOperation(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	s := open(t, s3.Config{
		Bucket: "bucket", AccessKeyID: "vitrine", SecretAccessKey: secret, Endpoint: server.URL,
		Timeout: 200 * time.Millisecond,
	})
	for name, err := range everything(t, s) {
		if fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: got %v, want an error of kind unavailable", name, err)
		}
	}
}

// TestRanges: of an object that is read from the middle on only the rest is asked for; a server that
// sends all of it in spite of that is read up to there.
func TestRanges(t *testing.T) {
	t.Parallel()
	for name, knows := range map[string]bool{"with ranges": true, "without": false} {
		var asked atomic.Value
		s := pretend(t, func(w http.ResponseWriter, r *http.Request) {
			asked.Store(r.Header.Get("Range"))
			if !knows {
				r.Header.Del("Range")
			}
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader("0123456789"))
		})
		object, err := s.OpenFrom(t.Context(), "a.webp", 7)
		if err != nil {
			t.Fatal(name, err)
		}
		got, err := io.ReadAll(object.Body)
		if err := object.Body.Close(); err != nil {
			t.Error(name, err)
		}
		if err != nil || string(got) != "789" || object.Bytes != 10 || asked.Load() != "bytes=7-" {
			t.Errorf("%s: %q of %d bytes, asked for %v, %v", name, got, object.Bytes, asked.Load(), err)
		}
	}
}
