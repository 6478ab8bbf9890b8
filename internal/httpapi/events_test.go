package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/httpapi/guard"
)

// eventPage is a page as a client reads it.
type eventPage struct {
	Data []struct {
		ID        string
		Type      string
		ProductID int64 `json:"product_id"`
		UserID    int64 `json:"user_id"`
		Product   struct{ Revision, Version int64 }
	}
	NextCursor string `json:"next_cursor"`
	More       bool
}

// types are those of the events, in their order.
func (p eventPage) types() string {
	var list []string
	for _, e := range p.Data {
		list = append(list, e.Type)
	}
	return strings.Join(list, " ")
}

func (m *matrix) events(secret, query string, headers ...string) eventPage {
	m.t.Helper()
	w := m.as(secret, http.MethodGet, query, "", headers...)
	wantStatus(m.t, w, http.StatusOK)
	wantHeader(m.t, w, "Cache-Control", "no-store")
	wantHeader(m.t, w, "Vary", "Accept, Prefer")
	var p eventPage
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		m.t.Fatal(err)
	}
	return p
}

// TestEventsOfUsers: everyone sees what belongs to the user of the request, operators that of all, and
// no one what is not of products.
func TestEventsOfUsers(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, openSQLite(t))
	own, foreign := m.key(m.owner, auth.ProductsRead, auth.ProductsWrite).Secret, m.key(m.other, auth.ProductsRead, auth.ProductsWrite).Secret
	operator, admin := m.key(m.other, auth.Operator).Secret, m.key(m.owner, auth.Admin).Secret
	start := m.events(admin, "/events?after=latest").NextCursor
	w := m.as(own, http.MethodPost, "/products", `{"product_name":"Lamp","product_price":1}`)
	wantStatus(t, w, http.StatusCreated)
	path := w.Header().Get("Location")
	id, _ := strconv.ParseInt(strings.TrimPrefix(path, "/products/"), 10, 64)
	wantStatus(t, m.as(own, http.MethodPatch, path, `{"product_name":"Torch","product_price":2}`), http.StatusOK)
	m.revoked()
	wantStatus(t, m.as(foreign, http.MethodPost, "/products", `{"product_name":"Vase","product_price":1}`), http.StatusCreated)
	wantStatus(t, m.as(foreign, http.MethodGet, path+"/events", ""), http.StatusNotFound)
	if got := m.events(own, path+"/events").types(); got != "product.created product.updated" {
		t.Errorf("events of the product: %s", got)
	}
	wantStatus(t, m.as(own, http.MethodDelete, path, ""), http.StatusNoContent)
	wantStatus(t, m.as(own, http.MethodGet, path+"/events", ""), http.StatusNotFound)
	const all = "product.created product.updated product.created product.deleted"
	for _, c := range []struct {
		who, secret, query, want string
		headers                  []string
	}{
		{"the owner", own, "", "product.created product.updated product.deleted", nil},
		{"another", foreign, "", "product.created", nil},
		{"another about it", foreign, fmt.Sprintf("&product_id=%d", id), "", nil},
		{"an operator", operator, "", all, nil},
		{"an operator about it", operator, fmt.Sprintf("&product_id=%d", id), "product.created product.updated product.deleted", nil},
		{"an admin", admin, "", all, nil},
		{"an admin for another", admin, "", "product.created", []string{guard.HeaderUser, strconv.FormatInt(m.other, 10)}},
		{"by types", admin, "&types=product.deleted,product.updated", "product.updated product.deleted", nil},
		{"a part", own, "&limit=2", "product.created product.updated", nil},
	} {
		if got := m.events(c.secret, "/events?after="+start+c.query, c.headers...); got.types() != c.want || got.NextCursor == start {
			t.Errorf("%s: %q up to %s, want %q", c.who, got.types(), got.NextCursor, c.want)
		}
	}
	first := m.events(own, "/events?limit=1&after="+start)
	if !first.More {
		t.Error("there is no more after the first of three")
	}
	rest := m.events(own, "/events?after="+first.NextCursor)
	if rest.types() != "product.updated product.deleted" || rest.More {
		t.Errorf("behind the first %+v", rest)
	}
	e := rest.Data[0]
	if e.ProductID != id || e.UserID != m.owner || e.Product.Revision != 2 || e.Product.Version != 2 || first.Data[0].ID != first.NextCursor {
		t.Errorf("event %+v behind %+v", e, first)
	}
	if again := m.events(own, "/events?after="+rest.NextCursor); len(again.Data) != 0 || again.More || again.NextCursor != rest.NextCursor {
		t.Errorf("at the end %+v", again)
	}
}

// TestWhoTakesEither gets a page, which has an end.
func TestWhoTakesEither(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	for accept, want := range map[string]string{
		"text/event-stream": "text/event-stream", "application/json, text/event-stream": "application/json", "text/event-stream, application/json": "application/json",
		"application/json;q=0.5, text/event-stream": "text/event-stream", "*/*": "application/json", "text/event-stream;q=0": "application/json",
	} {
		w := s.do(http.MethodHead, "/events", "", "Accept", accept)
		wantStatus(t, w, http.StatusOK)
		wantHeader(t, w, "Content-Type", want)
	}
}

// TestEventForm is an event in full.
func TestEventForm(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	product, images := s.fail("source_not_found", "gone.example", 1)
	w := s.do(http.MethodGet, fmt.Sprintf("/products/%d/events?types=image.failed", product), "")
	wantStatus(t, w, http.StatusOK)
	var page struct {
		Data []struct {
			OccurredAt time.Time `json:"occurred_at"`
			ID         string
			Product    struct{ Revision int64 }
		}
		NextCursor string `json:"next_cursor"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || len(page.Data) != 1 || time.Since(page.Data[0].OccurredAt).Abs() > time.Minute {
		t.Fatalf("%s, %v", w.Body, err)
	}
	e := page.Data[0]
	wantBody(t, w, fmt.Sprintf(`{"data":[{"id":%q,"type":"image.failed","product_id":%d,"image_id":%d,"user_id":1,"occurred_at":%q,`+
		`"product":{"revision":%d,"version":1},"data":{"reason":"source_not_found","attempt":1}}],"next_cursor":%q,"more":false}`,
		e.ID, product, images[0], e.OccurredAt.Format(time.RFC3339Nano), e.Product.Revision, page.NextCursor))
}

// TestPositionsThatAreRefused: each says why.
func TestPositionsThatAreRefused(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	path := s.create(smartphone) + "/events"
	s.create(smartphone)
	if n, err := s.db.RemoveEvents(t.Context(), time.Hour, 1, 10); n != 1 || err != nil {
		t.Fatalf("%d removed, %v", n, err)
	}
	stream := []string{"Accept", "text/event-stream"}
	for _, path := range []string{"/events", path} {
		for _, c := range []struct {
			query, field string
			status       int
			headers      []string
		}{
			{"?after=evt_e_0", "", http.StatusGone, nil},
			{"?after=evt_ff_2", "", http.StatusGone, nil},
			{"?after=evt_ff_2", "", http.StatusGone, stream},
			{"?after=latest", "", http.StatusGone, append(stream, "Last-Event-ID", "evt_e_0")},
			{"?after=oldest", "Last-Event-ID", http.StatusUnprocessableEntity, append(stream, "Last-Event-ID", "7")},
			{"?after=evt_e_9", "after", http.StatusUnprocessableEntity, nil},
			{"?after=newest", "after", http.StatusUnprocessableEntity, nil},
			{"?after=newest", "after", http.StatusUnprocessableEntity, stream},
			{"?types=product.created,product.bought", "types", http.StatusUnprocessableEntity, nil},
			{"?types=key.changed", "types", http.StatusUnprocessableEntity, stream},
			{"?limit=1001", "limit", http.StatusUnprocessableEntity, nil},
		} {
			p := wantProblem(t, s.do(http.MethodGet, path+c.query, "", c.headers...), c.status)
			if c.status == http.StatusGone && p.Code != "events-gone" || c.field != "" && (len(p.Errors) != 1 || p.Errors[0].Parameter == nil || *p.Errors[0].Parameter != c.field) {
				t.Errorf("%s%s %q: %+v", path, c.query, c.headers, p)
			}
		}
	}
	p := wantProblem(t, s.do(http.MethodGet, "/events?product_id=x&after=y", ""), http.StatusUnprocessableEntity)
	if len(p.Errors) != 2 {
		t.Errorf("%+v", p.Errors)
	}
	if w := s.do(http.MethodGet, "/events?after=evt_e_1", ""); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"id":"evt_e_2"`) {
		t.Errorf("from the edge of what is kept: %d %s", w.Code, w.Body)
	}
}

// TestEventsAreWaitedFor: the answer comes with an event, or when the time is over, and says so.
func TestEventsAreWaitedFor(t *testing.T) {
	t.Parallel()
	s := newEventSetup(t)
	next := s.events(s.secret, "/events?after=latest").NextCursor
	w := s.as(s.secret, http.MethodGet, "/events?after="+next, "", "Prefer", "wait=1")
	wantStatus(t, w, http.StatusOK)
	wantHeader(t, w, "Preference-Applied", "wait=1")
	if !strings.HasPrefix(w.Body.String(), `{"data":[],`) {
		t.Errorf("%s", w.Body)
	}
	answered := make(chan string, 1)
	go func() {
		w := s.as(s.secret, http.MethodGet, "/events?after="+next, "", "Prefer", "wait=99")
		answered <- w.Header().Get("Preference-Applied") + w.Body.String()
	}()
	began := time.Now()
	for got := ""; !strings.HasPrefix(got, "wait=10") || !strings.Contains(got, "product.created"); {
		select {
		case got = <-answered:
			if !strings.Contains(got, "product.created") {
				t.Fatal(got)
			}
		case <-time.After(50 * time.Millisecond): // it may not wait yet
			s.product()
		}
	}
	if took := time.Since(began); took > 9*time.Second {
		t.Errorf("the answer came after %s", took)
	}
}
