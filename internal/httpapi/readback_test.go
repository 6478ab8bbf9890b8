package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"vitrine.dev/internal/catalog"
)

// TestSentBackWhileWorkedOn: that work on an image has begun, or was lost, since it was read
// changes neither its product's revision nor its own time; it can be sent back all the same.
func TestSentBackWhileWorkedOn(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	at := func(status catalog.Status, attempts int) {
		p := gallery()
		p.ExternalID = "SKU"
		p.Images[3].Status, p.Images[3].Attempts, p.Images[3].Problem = status, attempts, nil
		s.store.Put(p)
	}
	image := "/products/7/images/4"
	for _, c := range []struct {
		read, now  catalog.Status
		begun, are int // attempts
		status     int
	}{
		{catalog.Pending, catalog.Processing, 0, 1, http.StatusOK},
		{catalog.Processing, catalog.Pending, 1, 1, http.StatusOK},
		{catalog.Processing, catalog.Processing, 1, 2, http.StatusOK},
		{catalog.Processing, catalog.Pending, 2, 1, http.StatusUnprocessableEntity},
		{catalog.Failed, catalog.Processing, 1, 1, http.StatusUnprocessableEntity},
	} {
		at(c.read, c.begun)
		whole := s.do(http.MethodGet, "/products/7/images", "").Body.String()
		whole = `{"version":12,"revision":34,"images":` + whole[strings.Index(whole, "["):strings.LastIndex(whole, "]")+1] + `}`
		one := s.do(http.MethodPatch, image, `{}`).Body.String()
		at(c.now, c.are)
		for _, r := range []struct{ method, path, body string }{
			{http.MethodPatch, "/products/7", whole},
			{http.MethodPut, "/products/external/SKU", whole},
			{http.MethodPatch, image, one},
		} {
			body := strings.Replace(r.body, "{", `{"user_id":1,`, 1)
			if r.path == image {
				body = r.body
			}
			if w := s.do(r.method, r.path, body); w.Code != c.status {
				t.Errorf("%s of what was read at %d %s, now %d %s: %d %s", r.path, c.begun, c.read, c.are, c.now, w.Code, w.Body)
			}
		}
	}
}

// TestSentBackWithNull: null is what many clients write for what is not there, and what is
// there it does not stand for.
func TestSentBackWithNull(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.store.Put(gallery())
	wantStatus(t, s.do(http.MethodPatch, "/products/7/images/4", `{"alt":"x","refresh_error":null,"waiting":null,"placeholder":null}`), http.StatusOK)
	// What an image waits for changes while it does.
	wantStatus(t, s.do(http.MethodPatch, "/products/7/images/2", `{"alt":"x","waiting":{"for":"turn"}}`), http.StatusOK)
	for body, field := range map[string]string{`{"status":null}`: "status", `{"waiting":{"for":"turn"}}`: "waiting"} {
		p := wantProblem(t, s.do(http.MethodPatch, "/products/7/images/1", body), http.StatusUnprocessableEntity)
		if reasons(p) != field+" is set by the server" {
			t.Errorf("%s: %s", body, reasons(p))
		}
	}
}

// TestListItemSentBack: what a list shows of a product can be sent back, also as it was before its
// images progressed; another value is refused.
func TestListItemSentBack(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	p := gallery()
	p.ExternalID = "SKU"
	s.store.Put(p)
	list := s.do(http.MethodGet, "/products?user_id=1", "").Body.String()
	item := list[strings.Index(list, "{") : strings.LastIndex(list, "}")+1]
	if !strings.Contains(item, `"cover":{`) || !strings.Contains(item, `"image_counts":{`) {
		t.Fatalf("an item without cover or counts: %s", item)
	}
	send := func(body string, want int, fields ...string) {
		t.Helper()
		for _, to := range [][2]string{{http.MethodPatch, "/products/7"}, {http.MethodPut, "/products/external/SKU"}} {
			w := s.do(to[0], to[1], body)
			wantStatus(t, w, want)
			for _, field := range fields {
				if !strings.Contains(w.Body.String(), `"field":"`+field+`"`) {
					t.Errorf("%s is not refused: %s", field, w.Body)
				}
			}
		}
	}
	send(item, http.StatusOK)
	other := strings.Replace(item, `"placeholder":"`, `"placeholder":"x`, 1)
	send(other, http.StatusUnprocessableEntity, "cover")
	send(strings.Replace(item, `"total":`, `"total":1`, 1), http.StatusUnprocessableEntity, "image_counts")
	send(`{"user_id":1,"version":12,"cover":null}`, http.StatusUnprocessableEntity, "cover")
	for i := range p.Images { // all that was under way has failed since it was read
		if p.Images[i].Status != catalog.Ready {
			p.Images[i].Status = catalog.Failed
		}
	}
	p.Revision++
	s.store.Put(p)
	send(item, http.StatusOK)
	send(strings.Replace(item, `"version":12`, `"version":11`, 1), http.StatusUnprocessableEntity, "version", "image_counts")
}

// TestSentBackWithNullInside: null stands for what is not there in an image, too.
func TestSentBackWithNullInside(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.store.Put(gallery())
	whole := s.do(http.MethodGet, "/products/7", "").Body.String()
	withNull := strings.ReplaceAll(whole, `"status":`, `"never_there":null,"status":`)
	if withNull == whole {
		t.Fatal(whole)
	}
	p := wantProblem(t, s.do(http.MethodPatch, "/products/7", strings.Replace(whole, `"status":"ready"`, `"status":null`, 1)), http.StatusUnprocessableEntity)
	if reasons(p) != "images is set by the server" {
		t.Error(reasons(p))
	}
	wantStatus(t, s.do(http.MethodPatch, "/products/7", withNull), http.StatusOK)
}
