package e2e_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"vitrine.dev/internal/console"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/imaging/imagingtest"
	"vitrine.dev/internal/systemtest"
)

// consoleSite is a system with authentication and a console.
type consoleSite struct {
	systemtest.Client

	env         map[string]string
	pid         int
	admin, shop string // keys
	adminURL    string // of ADMIN_ADDR
	seen        map[string]bool
	process     *systemtest.Process
}

// newConsoleSite starts a system of one process.
func newConsoleSite(t *testing.T, env map[string]string) *consoleSite {
	t.Helper()
	env = maps.Clone(env)
	maps.Copy(env, map[string]string{
		"AUTH": "on", "TEST_URLS": "true", "DATA_DIR": t.TempDir(), "WEBHOOK_ALLOW_PRIVATE": "true", "JOB_MAX_ATTEMPTS": "1", "JOB_BACKOFF": "10ms",
	})
	systemtest.Run(t, "migrate", env)
	s := &consoleSite{env: env, seen: map[string]bool{}}
	s.process = systemtest.Start(t, "serve", env)
	s.Client, s.pid, s.adminURL = s.process.Client(), s.process.PID(), s.process.AdminURL()
	s.admin = key(t, systemtest.Run(t, "keys create --admin --name admin", env))
	s.shop = key(t, systemtest.Run(t, "keys create --user 1 --name shop --scope products:write", env))
	return s
}

// openTab opens a tab of a browser for the site.
func (s *consoleSite) openTab() *tab {
	s.T.Helper()
	b := openTab(s.T, s.URL)
	b.late = func() (n int) {
		for _, line := range s.process.Lines() {
			if strings.Contains(line, `"msg":"request failed"`) && strings.Contains(line, `"status":503`) && strings.Contains(line, "deadline exceeded") {
				n++
			}
		}
		return n
	}
	return b
}

// send sends a request of the admin and returns the answer, which has the status.
func send[T any](s *consoleSite, method, path, contentType, body string, status int) (answer T) {
	s.T.Helper()
	got, text := s.Do(method, path, map[string]string{"Content-Type": contentType, "Authorization": "Bearer " + s.admin}, body)
	if got.StatusCode != status {
		s.T.Fatalf("%s %s: %d: %s", method, path, got.StatusCode, text)
	}
	if len(text) > 0 {
		s.Decode(text, &answer)
	}
	return answer
}

const jsonType = "application/json"

// create makes a product of user 1 and returns it when its pictures are ready or have failed.
func (s *consoleSite) create(name string, urls ...string) wire.Product {
	s.T.Helper()
	made := send[wire.Created](s, http.MethodPost, "/products", jsonType, fmt.Sprintf(
		`{"user_id":1,"product_name":%q,"product_description":"Made by hand.","product_price":12.5,"product_images":["%s"]}`, name, strings.Join(urls, `","`)), http.StatusCreated)
	return s.finished(made.ProductID)
}

func (s *consoleSite) finished(id int64) (p wire.Product) {
	s.T.Helper()
	systemtest.Eventually(s.T, fmt.Sprintf("the pictures of product %d", id), func() bool {
		p = send[wire.Product](s, http.MethodGet, fmt.Sprintf("/products/%d", id), jsonType, "", http.StatusOK)
		return len(p.Images) > 0 && !slices.ContainsFunc(p.Images, func(img wire.Image) bool { return img.Status == "pending" || img.Status == "processing" })
	})
	return p
}

// signIn signs the tab in and goes to the page.
func (s *consoleSite) signIn(b *tab, key, path string) {
	s.T.Helper()
	b.open(path)
	b.do("type the key", chromedp.SetValue("#key", key, chromedp.ByQuery))
	b.click("form.login button")
}

// fill makes something for every page, and returns those on one thing, by name.
func (s *consoleSite) fill() map[string]string {
	s.T.Helper()
	var good wire.Product
	for i := range 12 {
		seed := strconv.Itoa(i)
		good = s.create("Vase No. "+seed, "https://pictures.vitrine.test/ready?width=900&height=900&seed="+seed)
	}
	bad := s.create("Lost", "https://broken.vitrine.test/source_forbidden", "https://broken.vitrine.test/decode_failed", "https://other.vitrine.test/source_not_found")
	sent := s.create("Sent", "https://pictures.vitrine.test/ready?seed=sent")
	body, kind := pictureForm(s.T, imagingtest.Photo(600, 600, 11), "A lamp")
	send[wire.Image](s, http.MethodPost, fmt.Sprintf("/products/%d/images", sent.ID), kind, body, http.StatusCreated)
	sent = s.finished(sent.ID)

	receiver := httptest.NewServer(http.NotFoundHandler())
	s.T.Cleanup(receiver.Close)
	hook := send[wire.Webhook](s, http.MethodPost, "/webhooks", jsonType, fmt.Sprintf(`{"user_id":1,"url":%q}`, receiver.URL), http.StatusCreated)
	send[any](s, http.MethodPost, fmt.Sprintf("/webhooks/%d/test", hook.ID), jsonType, `{"type":"image.ready"}`, http.StatusAccepted)
	imported := send[wire.Import](s, http.MethodPost, "/imports?user_id=1&error_policy=all", "application/x-ndjson",
		`{"external_id":"a","product_name":"Bowl","product_price":1}`+"\n"+`{"product_name":""}`, http.StatusAccepted)
	image := func(p wire.Product, n int) string {
		return fmt.Sprintf("/console/products/%d/images/%d", p.ID, p.Images[n].ID)
	}
	return map[string]string{
		"user": "/console/users/1", "product": fmt.Sprintf("/console/products/%d", good.ID), "product-failed": fmt.Sprintf("/console/products/%d", bad.ID),
		"picture": image(good, 0), "picture-failed": image(bad, 0), "picture-sent": image(sent, 1),
		"confirm": "/console/failed/confirm?action=replay&host=broken.vitrine.test", "failed-of-host": "/console/failed?host=broken.vitrine.test",
		"webhook": fmt.Sprintf("/console/webhooks/1/%d", hook.ID), "import": fmt.Sprintf("/console/jobs/imports/%d", imported.ID),
		"hosts-failing": "/console/hosts?state=failing", "products-failed": "/console/products?q=status:failed", "products-filtered": "/console/products?q=user:1+vase",
	}
}

// menu returns the pages that the menu leads to, by name.
func (b *tab) menu() map[string]string {
	b.t.Helper()
	b.open("/console")
	pages := map[string]string{}
	for _, address := range eval[[]string](b, `[...document.querySelectorAll(".side nav a")].map(a => a.getAttribute("href"))`) {
		pages[path.Base(address)] = address
	}
	if len(pages) < 10 || pages["console"] != "/console" {
		b.t.Fatalf("the menu leads to %v", pages)
	}
	delete(pages, "console")
	pages["now"] = "/console"
	return pages
}

// looks has the tab look at pages, whose names get a prefix.
func (s *consoleSite) looks(b *tab, prefix string, pages map[string]string) {
	s.T.Helper()
	for name, address := range pages {
		b.look(prefix+name, address)
		s.seen[address] = true
	}
}

// wantAllSeen wants that every page was looked at that the console has.
func (s *consoleSite) wantAllSeen() {
	s.T.Helper()
	mux, missing := http.NewServeMux(), map[string]bool{}
	for _, p := range console.Paths() {
		mux.Handle("GET "+p, http.NotFoundHandler())
		missing["GET "+p] = true
	}
	for address := range s.seen {
		r := httptest.NewRequestWithContext(s.T.Context(), http.MethodGet, address, http.NoBody)
		_, pattern := mux.Handler(r)
		delete(missing, pattern)
	}
	for p := range missing {
		s.T.Errorf("%s is neither in the menu nor among the pages that this test makes: add it to consoleSite.fill", p)
	}
}
