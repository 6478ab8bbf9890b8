package post_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/post"
	"vitrine.dev/internal/safehttp/safehttptest"
	"vitrine.dev/internal/webhook"
)

func sender(t *testing.T, n *safehttptest.Network) *post.Sender {
	t.Helper()
	s := post.NewFor(n.Ports(), n.Isolate)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func request(url string) webhook.Request {
	return webhook.Request{URL: url, ID: "evt_a_1", At: time.Unix(1_790_000_000, 0), Signature: "v1,x v1,y", Body: []byte(`{"id":"evt_a_1"}`)}
}

// TestForbiddenAddresses: what no picture is fetched from is sent no webhook, also where an
// answer redirects to it.
func TestForbiddenAddresses(t *testing.T) {
	t.Parallel()
	n := safehttptest.New(t)
	to := ""
	base := n.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	s := sender(t, n)
	for _, to = range n.ForbiddenURLs() {
		a := s.Send(t.Context(), request(to))
		if a.Delivered() || a.Status != 0 || a.Failure == "" || strings.Contains(a.Failure, "127.0.0.1") {
			t.Errorf("%s: %+v", to, a)
		}
		n.Untouched(t, to)
		if a := s.Send(t.Context(), request(base)); a.Status != http.StatusTemporaryRedirect || a.Delivered() {
			t.Errorf("redirected to %s: %+v", to, a)
		}
		n.Untouched(t, "redirect to "+to)
	}
}

// TestRebinding: the address is checked when it is connected to.
func TestRebinding(t *testing.T) {
	t.Parallel()
	n := safehttptest.New(t)
	s := sender(t, n)
	target := fmt.Sprintf("http://flip.test:%d/", n.Canary.Port)
	for range 20 {
		n.DNS.Put("flip.test", safehttptest.Addresses("93.184.216.34"), safehttptest.Addresses("127.0.0.1"))
		for range 2 {
			if a := s.Send(t.Context(), request(target)); a.Status != 0 {
				t.Errorf("%+v", a)
			}
		}
	}
	n.TakePassed()
	n.Untouched(t, "rebinding")
}

func TestCheck(t *testing.T) {
	t.Parallel()
	s := post.New(false)
	t.Cleanup(func() { _ = s.Close() })
	for _, good := range []string{"https://shop.example/hooks?x=1", "http://shop.example", "https://93.184.216.34:443/"} {
		if reason := s.Check(good); reason != "" {
			t.Errorf("%s %s", good, reason)
		}
	}
	for _, bad := range []string{
		"ftp://shop.example/", "shop.example/hook", "", "https://", "https://u:p@shop.example/", "http://shop.example:6379/", "http://127.0.0.1/",
		"http://[::1]/", "http://0x7f.1/", "https://shop.example/#part", "http://shop.example:x/", "://",
	} {
		if s.Check(bad) == "" {
			t.Errorf("%q is allowed", bad)
		}
	}
}

func TestSend(t *testing.T) {
	t.Parallel()
	n := safehttptest.New(t)
	var header http.Header
	var body string
	base := n.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		header, body = r.Header, r.Method+" "+string(b)
		code := http.StatusOK
		if _, err := fmt.Sscan(r.URL.Query().Get("code"), &code); err != nil {
			t.Error(err)
		}
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, strings.Repeat("x", 3*webhook.MaxAnswerBytes))
	})
	s := sender(t, n)
	for code, delivered := range map[int]bool{200: true, 202: true, 226: true, 300: false, 301: false, 404: false, 410: false, 500: false} {
		a := s.Send(t.Context(), request(base+"/?"+url.Values{"code": {strconv.Itoa(code)}}.Encode()))
		if a.Status != code || a.Delivered() != delivered || a.RetryAfter != 7*time.Second || len(a.Body) != webhook.MaxAnswerBytes || a.Duration <= 0 {
			t.Errorf("%d: %d %t %s, %d bytes", code, a.Status, a.Delivered(), a.RetryAfter, len(a.Body))
		}
	}
	if body != `POST {"id":"evt_a_1"}` {
		t.Errorf("sent %s", body)
	}
	for name, want := range map[string]string{
		"Webhook-Id": "evt_a_1", "Webhook-Timestamp": "1790000000", "Webhook-Signature": "v1,x v1,y", "Content-Type": "application/json",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// TestSlowAnswers: a receiver that answers, and then goes on for ever, has not taken the event.
func TestSlowAnswers(t *testing.T) {
	t.Parallel()
	n := safehttptest.New(t)
	base := n.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "one")
		_ = http.NewResponseController(w).Flush()
		if r.URL.Path == "/slow" {
			<-r.Context().Done()
		}
	})
	s := sender(t, n)
	if a := s.Send(t.Context(), request(base+"/soon")); !a.Delivered() {
		t.Errorf("%+v", a)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if a := s.Send(ctx, request(base+"/slow")); a.Delivered() || a.Failure == "" {
		t.Errorf("%+v", a)
	}
}
