package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"vitrine.dev/internal/systemtest"
	"vitrine.dev/internal/tracing/otlptest"
)

// signedIn opens a tab of the console, signed in by the key.
func signedIn(t *testing.T, url, key string) *tab {
	t.Helper()
	b := openTab(t, url)
	b.open("/console/login")
	b.do("type the key", chromedp.SetValue("#key", key, chromedp.ByQuery))
	b.click("form.login button")
	b.says("Sign out")
	return b
}

// typed types into the filter, as a person does.
func (b *tab) typed(text string) {
	b.t.Helper()
	eval[string](b, `document.querySelector("[data-search]").value = ""`)
	b.do("type "+text, chromedp.SendKeys("[data-search]", text, chromedp.ByQuery))
}

// suggests waits until the field has the suggestion, which the browser's own list shows.
func (b *tab) suggests(line string) {
	b.t.Helper()
	systemtest.Eventually(b.t, "the suggestion "+line, func() bool {
		return eval[bool](b, fmt.Sprintf(`[...document.querySelector("[data-search]").list.options].some(o => o.value === %q)`, line))
	})
}

// TestConsoleFinds: the products with pictures of a host are found by the line of the filter, which is completed while it is
// typed; the page of a picture tells each request of its download, and leads to its trace; and a file is imported.
func TestConsoleFinds(t *testing.T) {
	t.Parallel()
	photos := systemtest.NewSource(t)
	there := strings.Replace(photos.URL, "127.0.0.1", "localhost", 1)
	moved := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := map[string]string{"/away": "/twice?password=open", "/twice": there + "/rocket.jpg?token=secret", "/inside": "http://metadata.invalid:1/"}[r.URL.Path]
		http.Redirect(w, r, to, http.StatusFound)
	}))
	t.Cleanup(moved.Close)
	host := strings.TrimPrefix(moved.URL, "http://")

	env := otlptest.New(t).Env()
	env["AUTH"], env["DATA_DIR"], env["JOB_MAX_ATTEMPTS"] = "on", t.TempDir(), "1"
	env["TRACE_URL"] = "https://traces.example/?id={trace_id}"
	process := systemtest.Start(t, "serve", env)
	c := process.Client()
	admin := key(t, systemtest.Run(t, "keys create --admin --name admin", env))
	headers := map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + admin}
	create := func(name, source string) (id, image int64) {
		t.Helper()
		got, answer := c.Do(http.MethodPost, "/products", headers, fmt.Sprintf(`{"user_id":1,"product_name":%q,"product_price":1,"product_images":[%q]}`, name, source))
		if got.StatusCode != http.StatusCreated {
			t.Fatalf("create: %d: %s", got.StatusCode, answer)
		}
		var p struct {
			ID     int64
			Images []struct {
				ID     int64
				Status string
			}
		}
		systemtest.Eventually(t, "the end of "+name, func() bool {
			_, answer := c.Do(http.MethodGet, got.Header.Get("Location"), headers, "")
			c.Decode(answer, &p)
			return p.Images[0].Status == "ready" || p.Images[0].Status == "failed"
		})
		return p.ID, p.Images[0].ID
	}
	create("Rocket", photos.URL+"/rocket.jpg")
	away, picture := create("Far away", moved.URL+"/away")
	lost, failed := create("Lost", moved.URL+"/inside")

	b := signedIn(t, c.URL, admin)
	b.open("/console/products")
	b.typed("st")
	b.suggests("status:")
	b.typed("status:")
	b.suggests("status:failed")
	b.typed("user:")
	b.suggests("user:1")
	b.typed("host:127.0.0.1")
	line := fmt.Sprintf("host:%q", host)
	b.suggests(line)
	b.typed(line)
	b.click(".search button")
	b.says("Far away")
	b.says("Lost")
	if eval[bool](b, `document.querySelector("main").innerText.includes("Rocket")`) {
		t.Error("a product is listed that has no picture from the host")
	}
	b.look("products-of-host", "/console/products?q="+url.QueryEscape(line))
	b.look("products-failed-of-host", "/console/products?q="+url.QueryEscape("status:failed "+line))
	b.says("Lost")
	b.open("/console/products?q=" + url.QueryEscape("host:none.example user:1"))
	b.says("No product is like that")

	b.look("picture-of-redirects", fmt.Sprintf("/console/products/%d/images/%d", away, picture))
	for _, text := range []string{"waited", host, "302 in", strings.TrimPrefix(there, "http://"), "200 in", "the same content was published before", "Attempt 1: ready", "for the commit"} {
		b.says(text)
	}
	timeline := eval[string](b, `document.querySelector(".timeline").innerText`)
	if strings.Contains(timeline, "secret") || strings.Contains(timeline, "password") {
		t.Errorf("queries of URLs are told: %s", timeline)
	}
	if trace := eval[string](b, `document.querySelector(".timeline a")?.href ?? ""`); len(trace) != len("https://traces.example/?id=")+32 || !strings.HasPrefix(trace, "https://traces.example/?id=") {
		t.Errorf("the trace is at %q", trace)
	}
	b.look("picture-of-redirects-failed", fmt.Sprintf("/console/products/%d/images/%d", lost, failed))
	b.says("Attempt 1 failed for good")
	b.says("metadata.invalid:1")
	b.says("no answer in")
	env["VITRINE_API_KEY"] = admin
	if table := systemtest.Run(t, fmt.Sprintf("images attempts %d %d --url %s", away, picture, c.URL), env); !strings.Contains(table, "302 in") || !strings.Contains(table, "then "+strings.TrimPrefix(there, "http://")+" 200 in") {
		t.Errorf("the command tells\n%s", table)
	}

	// A file is checked first, and then imported.
	file := filepath.Join(t.TempDir(), "spring.csv")
	if err := os.WriteFile(file, []byte("external_id,product_name,product_price\nS1,Tulip,2.50\nS2,Crocus,no price\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.look("jobs-form", "/console/jobs")
	b.do("choose the file", chromedp.SetUploadFiles("#import-file", []string{file}, chromedp.ByQuery), chromedp.Click("#import-dry", chromedp.ByQuery))
	b.click("form[enctype] button.primary")
	b.says("completed_with_errors")
	b.open("/console/products?q=" + url.QueryEscape("user:1 tulip"))
	b.says("No product is like that")
	b.open("/console/jobs")
	b.do("choose the file", chromedp.SetUploadFiles("#import-file", []string{file}, chromedp.ByQuery))
	b.click("form[enctype] button.primary")
	b.says("completed_with_errors")
	b.open("/console/products?q=" + url.QueryEscape("user:1 tulip"))
	b.says("Tulip")
	b.quiet("an import")
	b.open("/console/jobs")
	b.do("name no user", chromedp.Evaluate(`document.querySelector("#import-user").value = "77"`, nil), chromedp.SetUploadFiles("#import-file", []string{file}, chromedp.ByQuery))
	b.click("form[enctype] button.primary")
	b.says("is not a known user")
	b.quiet("an unknown user", "status of 422")
	b.open("/console/audit")
	b.says("POST /console/jobs/imports")
	if got, answer := c.Do(http.MethodPost, "/console/jobs/imports", map[string]string{"Sec-Fetch-Site": "cross-site", "Content-Type": "multipart/form-data; boundary=x"}, "--x--"); got.StatusCode != http.StatusForbidden {
		t.Errorf("a page of another site begins an import: %d: %s", got.StatusCode, answer)
	}
	b.quiet("the end")
}
