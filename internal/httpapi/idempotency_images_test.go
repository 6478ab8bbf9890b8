package httpapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
)

// TestImagesAreAddedOnce: the same image under the same key is added once, however it is
// spelled and whatever has become of the product; all else under the key is refused.
func TestImagesAreAddedOnce(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	product := s.create(smartphone)
	path := product + "/images"
	const picture = `{"source_url":"https://example.com/more.jpg","alt":"A lamp","position":0}`
	add := func(path, body string, headers ...string) (status int, location, replayed, answer string) {
		t.Helper()
		w := s.do(http.MethodPost, path, body, append(headers, "Idempotency-Key", "k1")...)
		return w.Code, w.Header().Get("Location"), w.Header().Get("Idempotent-Replayed"), w.Body.String()
	}
	before := s.do(http.MethodGet, product, "").Header().Get("ETag")
	status, location, replayed, first := add(path, picture, "If-Match", before)
	if status != http.StatusCreated || replayed != "" || !strings.HasPrefix(location, path+"/") {
		t.Fatalf("the first: %d at %s, replayed %q: %s", status, location, replayed, first)
	}
	for _, body := range []string{picture, `{"position" : 0, "alt":"A lamp", "source_url":" https://example.com/more.jpg "}`} {
		if status, again, replayed, got := add(path, body, "If-Match", before); status != http.StatusCreated || again != location || replayed != "true" || got != first {
			t.Errorf("again: %d at %s, replayed %q: %s", status, again, replayed, got)
		}
	}
	other := s.create(smartphone)
	for name, c := range map[string][2]string{
		"another URL":     {path, strings.Replace(picture, "more", "less", 1)},
		"another alt":     {path, strings.Replace(picture, "lamp", "Lamp", 1)},
		"no position":     {path, strings.Replace(picture, `,"position":0`, "", 1)},
		"another product": {other + "/images", picture},
		"a product":       {"/products", smartphone},
	} {
		if status, _, _, got := add(c[0], c[1]); status != http.StatusUnprocessableEntity || !strings.Contains(got, "idempotency-key-reused") {
			t.Errorf("%s: %d: %s", name, status, got)
		}
	}
	wantStatus(t, s.do(http.MethodPost, "/products", smartphone, "Idempotency-Key", "k2"), http.StatusCreated)
	wantProblem(t, s.do(http.MethodPost, path, picture, "Idempotency-Key", "k2"), http.StatusUnprocessableEntity) // a key of a product
	wantProblem(t, s.do(http.MethodPost, path, `{"source_url":"no"}`, "Idempotency-Key", "k3"), http.StatusUnprocessableEntity)
	wantStatus(t, s.do(http.MethodPost, path, picture, "Idempotency-Key", "k3"), http.StatusCreated) // what was refused takes no key
	wantProblem(t, s.do(http.MethodPost, path, picture, "Idempotency-Key", "a\tb"), http.StatusBadRequest)
	wantStatus(t, s.do(http.MethodPost, path, picture), http.StatusCreated)
	if n := strings.Count(s.do(http.MethodGet, path, "").Body.String(), "more.jpg"); n != 3 {
		t.Errorf("%d images were added, want 3", n)
	}
	wantStatus(t, s.do(http.MethodDelete, location, ""), http.StatusNoContent)
	if status, _, _, got := add(path, picture); status != http.StatusNotFound {
		t.Errorf("after it was removed: %d: %s", status, got)
	}
}

// TestUploadsAreAddedOnce: a form that is sent again under its key is answered as before, whatever
// has become of the product, and another one is refused.
func TestUploadsAreAddedOnce(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	product := s.create(`{"user_id":1,"product_name":"Lamp","product_price":1}`)
	before := s.do(http.MethodGet, product, "").Header().Get("ETag")
	add := func(content string) *httptest.ResponseRecorder {
		t.Helper()
		body, contentType := form(t, file(content))
		return s.do(http.MethodPost, product+"/images", body, "Content-Type", contentType, "If-Match", before, "Idempotency-Key", "k")
	}
	first := add("picture")
	wantStatus(t, first, http.StatusCreated)
	for range catalog.MaxImages - 1 {
		wantStatus(t, s.do(http.MethodPost, product+"/images", `{"source_url":"https://example.com/1.jpg"}`), http.StatusCreated)
	}
	again := add("picture")
	wantStatus(t, again, http.StatusCreated)
	if again.Header().Get("Idempotent-Replayed") != "true" || again.Header().Get("Location") != first.Header().Get("Location") {
		t.Errorf("again: %v, not %v", again.Header(), first.Header())
	}
	wantProblem(t, add("another"), http.StatusUnprocessableEntity)
	body, contentType := form(t, file("picture"))
	wantProblem(t, s.do(http.MethodPost, product+"/images", body, "Content-Type", contentType, "If-Match", before), http.StatusPreconditionFailed)
}

// TestImagesAreAddedOnceAtOnce sends the same image many times at the same moment.
func TestImagesAreAddedOnceAtOnce(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, openPostgres(t))
	product, _ := m.failed()
	path := fmt.Sprintf("/products/%d/images", product)
	own, foreign := m.key(m.owner, auth.ProductsWrite).Secret, m.key(m.other, auth.ProductsWrite, auth.Operator).Secret
	var mu sync.Mutex
	locations := map[string]int{}
	var group sync.WaitGroup
	requests := make([]*http.Request, 16)
	for i := range requests {
		requests[i] = m.request(http.MethodPost, path, `{"source_url":"https://example.com/more.jpg"}`, "Authorization", "Bearer "+own, "Idempotency-Key", "k")
	}
	for _, r := range requests {
		group.Go(func() {
			w := m.send(r)
			mu.Lock()
			defer mu.Unlock()
			locations[w.Header().Get("Location")]++
			if w.Code != http.StatusCreated {
				t.Errorf("%d: %s", w.Code, w.Body)
			}
		})
	}
	group.Wait()
	if len(locations) != 1 {
		t.Errorf("added at %v", locations)
	}
	wantStatus(t, m.as(foreign, http.MethodPost, path, `{"source_url":"https://example.com/more.jpg"}`, "Idempotency-Key", "k"), http.StatusNotFound)
}
