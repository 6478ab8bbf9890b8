package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/events"
)

// TestStreamIsResumed: a client whose connections break off at any moment gets each event once,
// and in order, while others write.
func TestStreamIsResumed(t *testing.T) {
	t.Parallel()
	s := newEventSetup(t)
	first := s.stream("/events?types=product.created", s.secret, "").begun()
	for name, want := range map[string]string{
		"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no", "Vary": "Accept, Prefer",
	} {
		if got := first.header.Get(name); got != want {
			t.Errorf("%s = %q", name, got)
		}
	}
	last := first.last
	first.close() // before there was any event
	const products, writers = 120, 4
	var writing sync.WaitGroup
	for range writers {
		writing.Go(func() {
			for range products / writers {
				s.product()
			}
		})
	}
	var got []string
	for n := 0; len(got) < products; n++ {
		c := s.stream("/events?types=product.created&after=oldest", s.secret, last)
		for range 1 + n%23 {
			e, ok := c.next()
			if !ok {
				t.Fatalf("the stream ended after %d events", len(got))
			}
			got, last = append(got, e.ID), e.ID
			if len(got) == products {
				break
			}
		}
		c.close()
	}
	writing.Wait()
	page, err := s.db.Read(t.Context(), 0, 1<<40, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, e := range page.Events {
		if e.Type == events.ProductCreated {
			want = append(want, e.Public(epoch).ID)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

// TestStreamEndsWithItsKey, however it was opened, and with the process.
func TestStreamEndsWithItsKey(t *testing.T) {
	t.Parallel()
	s := newEventSetup(t)
	byKey := s.stream("/events", s.secret, "").begun()
	byToken := s.stream("/events?token="+s.token(s.secret), "", "").begun()
	other := s.stream("/events", s.matrix.key(s.owner, auth.ProductsRead).Secret, "").begun()
	time.Sleep(time.Second / 2) // longer than the limits of a request
	product := s.product()
	for _, c := range []*sse{byKey, byToken, other} {
		if e, ok := c.next(); !ok || e.ProductID != product {
			t.Fatalf("%+v, %t", e, ok)
		}
	}
	if _, err := s.accounts.RevokeKey(t.Context(), auth.Everyone(), s.key.ID); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*sse{byKey, byToken} {
		if e, ok := c.next(); ok {
			t.Errorf("after the revocation came %+v", e)
		}
	}
	s.product()
	if _, ok := other.next(); !ok {
		t.Error("the stream of another key has ended")
	}
	s.stop()
	if e, ok := other.next(); ok || other.body.Err() != nil {
		t.Errorf("in the drain came %+v, %v", e, other.body.Err())
	}
}

func (s *eventSetup) token(secret string) string {
	s.t.Helper()
	w := s.as(secret, http.MethodPost, "/events/token", "")
	wantStatus(s.t, w, http.StatusOK)
	wantHeader(s.t, w, "Cache-Control", "no-store")
	var answer struct {
		Token     string
		ExpiresAt time.Time `json:"expires_at"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || time.Until(answer.ExpiresAt) > time.Minute {
		s.t.Fatalf("%s, %v", w.Body, err)
	}
	return answer.Token
}

// TestStreamTokens: they open streams of the user and nothing else, and are not logged.
func TestStreamTokens(t *testing.T) {
	t.Parallel()
	s := newEventSetup(t)
	admin := s.matrix.key(s.other, auth.Admin).Secret
	token := s.token(admin)
	c := s.stream("/events?after=oldest&token="+token, "", "")
	s.product() // of another user than the token's
	mine := s.as(admin, http.MethodPost, "/products", `{"product_name":"Lamp","product_price":1}`)
	wantStatus(t, mine, http.StatusCreated)
	path := mine.Header().Get("Location")
	if e, ok := c.next(); !ok || e.UserID != s.other || path != fmt.Sprintf("/products/%d", e.ProductID) {
		t.Errorf("%+v, %t", e, ok)
	}
	for call, status := range map[string]int{
		"GET /events?token=" + token:             http.StatusOK,
		"GET " + path + "/events?token=" + token: http.StatusOK,
		"GET /events?token=" + token[1:]:         http.StatusUnauthorized,
		"GET /events?token=" + admin:             http.StatusUnauthorized,
		"GET /events?token=":                     http.StatusUnauthorized,
		"GET /products?token=" + token:           http.StatusUnauthorized,
		"GET " + path + "?token=" + token:        http.StatusUnauthorized,
		"POST /events/token?token=" + token:      http.StatusUnauthorized,
		"DELETE " + path + "?token=" + token:     http.StatusUnauthorized,
	} {
		method, target, _ := strings.Cut(call, " ")
		if w := s.as("", method, target, ""); w.Code != status || status == http.StatusUnauthorized && !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer ") {
			t.Errorf("%s: %d, %s", call, w.Code, w.Body)
		}
	}
	wantStatus(t, s.as(admin, http.MethodGet, "/events?token="+token, ""), http.StatusUnauthorized) // not both
	wantStatus(t, s.as("", http.MethodGet, "/events?token="+token, "", "Vitrine-User", "1"), http.StatusForbidden)
	c.close()
	ended := func() bool {
		return slices.ContainsFunc(s.logs.lines(t, "request"), func(l map[string]any) bool {
			return l["route"] == "GET /events" && l["bytes_in"] != nil && l["remote"] != ""
		})
	}
	for deadline := time.Now().Add(patience); !ended(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no request was logged")
		}
	}
	if log := s.logs.String(); strings.Contains(log, token) || strings.Contains(log, "token=") {
		t.Error("a token is in the log")
	}
}

// TestTooManyStreams: more of one user are refused, and can be opened later.
func TestTooManyStreams(t *testing.T) {
	t.Parallel()
	s := newEventSetup(t)
	const most = 100
	streams := make([]*sse, most)
	for i := range streams {
		streams[i] = s.stream("/events", s.secret, "").begun()
	}
	p := wantProblem(t, s.as(s.secret, http.MethodGet, "/events", "", "Accept", "text/event-stream"), http.StatusTooManyRequests)
	if p.Code != "quota-exceeded" || !slices.Equal(p.Violated, []string{"streams"}) {
		t.Errorf("%+v", p)
	}
	wantStatus(t, s.as(s.secret, http.MethodGet, "/events", ""), http.StatusOK)
	streams[7].close()
	s.stream("/events", s.matrix.key(s.other, auth.ProductsRead).Secret, "").begun()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		w := s.as(s.secret, http.MethodHead, "/events", "", "Accept", "text/event-stream")
		if w.Code == http.StatusOK {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("a stream that was left still counts: %d", w.Code)
		}
	}
	streams[8].close()
}

// TestSlowStream: one that does not read keeps no one else waiting, and has missed nothing when
// it does.
func TestSlowStream(t *testing.T) {
	t.Parallel()
	s := newEventSetup(t)
	slow := s.stream("/events", s.secret, "").begun()
	quick := s.stream("/events", s.secret, "").begun()
	const products = 60
	for n := range products {
		id := s.product()
		if e, ok := quick.next(); !ok || e.ProductID != id {
			t.Fatalf("event %d is %+v, %t", n, e, ok)
		}
	}
	for n := range products {
		if _, ok := slow.next(); !ok {
			t.Fatalf("it ended after %d", n)
		}
	}
}
