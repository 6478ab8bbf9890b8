package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"html"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"vitrine.dev/docs"
	"vitrine.dev/internal/testserver"
)

// TestOverview: llms.txt has the form of llmstxt.org, lists every page of the
// documentation, and leads to what is there.
func TestOverview(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	w := s.do(http.MethodGet, "/llms.txt", "")
	wantStatus(t, w, http.StatusOK)
	text := w.Body.String()
	if !regexp.MustCompile(`^# \S.*\n\n> \S`).MatchString(text) {
		t.Errorf("it does not begin with a name and a summary: %.80s", text)
	}
	links := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^- \[[^\]]+\]\(([^)]+)\): \S`).FindAllStringSubmatch(text, -1) {
		links[m[1]] = true
		if w := s.do(http.MethodGet, m[1], ""); w.Code != http.StatusOK || w.Body.Len() == 0 {
			t.Errorf("%s: %d", m[1], w.Code)
		}
	}
	pages, err := fs.Glob(docs.FS, "*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		if !links["/docs/"+page] {
			t.Errorf("it does not list %s", page)
		}
	}
	if len(links) < len(pages)+3 {
		t.Errorf("it has %d links", len(links))
	}
}

func TestManualFiles(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	w := s.do(http.MethodGet, "/docs/reliability.md", "")
	wantStatus(t, w, http.StatusOK)
	wantHeader(t, w, "Content-Type", "text/markdown; charset=utf-8")
	if again := s.do(http.MethodGet, "/docs/reliability.md", "", "If-None-Match", w.Header().Get("ETag")); again.Code != http.StatusNotModified {
		t.Errorf("read again: %d", again.Code)
	}
	for _, name := range []string{"docs.go", "llms.txt", "nothing.md", "page.html", "favicon-16x16.png", "swagger-ui-bundle.js.gz", "%2e%2e%2fgo.mod", "..md", "%00.md"} {
		wantProblem(t, s.do(http.MethodGet, "/docs/"+name, ""), http.StatusNotFound)
	}

	plain := s.do(http.MethodGet, "/docs/swagger-ui.css", "")
	packed := s.do(http.MethodGet, "/docs/swagger-ui.css", "", "Accept-Encoding", "br, gzip")
	wantHeader(t, plain, "Content-Encoding", "")
	wantHeader(t, packed, "Content-Encoding", "gzip")
	wantHeader(t, packed, "Vary", "Accept-Encoding")
	if plain.Header().Get("ETag") == packed.Header().Get("ETag") {
		t.Error("both forms have one entity tag")
	}
	reader, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := io.ReadAll(reader)
	if err != nil || !bytes.Equal(unpacked, plain.Body.Bytes()) || !strings.Contains(plain.Body.String(), ".swagger-ui") {
		t.Errorf("the forms differ: %v", err)
	}
}

// TestLicenses: the page about what is of others is of the Swagger UI that is served, and has
// its licenses.
func TestLicenses(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	bundle := s.do(http.MethodGet, "/docs/swagger-ui-bundle.js", "").Body.String()
	version := regexp.MustCompile(`PACKAGE_VERSION:"([0-9.]+)"`).FindStringSubmatch(bundle)
	if version == nil {
		t.Fatal("Swagger UI does not say its version")
	}
	w := s.do(http.MethodGet, "/docs/third-party.md", "")
	wantStatus(t, w, http.StatusOK)
	for _, want := range []string{
		"| " + version[1] + " |", "SmartBear Software", "Apache License", "END OF TERMS AND CONDITIONS", "Jed Watson", "DOMPurify", "react-dom",
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the page does not have %q", want)
		}
	}
}

// TestLinksOfManual: links between the pages lead somewhere when they are served, too. Those
// out of the folder are of the repository.
func TestLinksOfManual(t *testing.T) {
	t.Parallel()
	s, followed := newSetup(t), 0
	pages, err := fs.Glob(docs.FS, "*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		text, err := fs.ReadFile(docs.FS, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`).FindAllStringSubmatch(string(text), -1) {
			if strings.HasPrefix(m[1], "../") {
				continue
			}
			followed++
			if w := s.do(http.MethodGet, "/docs/"+m[1], ""); w.Code != http.StatusOK {
				t.Errorf("%s links to %s: %d", page, m[1], w.Code)
			}
		}
	}
	if followed < 5 {
		t.Errorf("%d links were followed", followed)
	}
}

// TestManualInBrowser shows an operation in a real browser and sends a request with its
// form, under a policy that allows nothing from elsewhere and no script or style but files.
func TestManualInBrowser(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	policy := s.do(http.MethodGet, "/docs", "").Header().Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none'; script-src 'self'; style-src 'self';") || strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is %s", policy)
	}
	document := browseManual(t, s, "operation/getHealth")
	if n := strings.Count(document, `class="opblock-summary-path"`); n < len(described().paths) {
		t.Errorf("it shows %d operations", n)
	}
	for _, part := range []string{"Asks no other part", "live-responses-table", "x-request-id"} { // the description, and the answer to the form
		if !strings.Contains(document, part) {
			t.Errorf("it does not show %q", part)
		}
	}
}

// TestManualShowsExamples: of the answers, and of parameters without writing them into the form.
func TestManualShowsExamples(t *testing.T) {
	t.Parallel()
	document := browseManual(t, newSetup(t), "products/listProducts")
	text := html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(document, ""))
	for _, part := range []string{`"external_id": "SKU-4711"`, "/w640.webp", `"detail": "there is no such product"`, "live-responses-table"} {
		if !strings.Contains(text, part) && !strings.Contains(document, part) {
			t.Errorf("it does not show %q", part)
		}
	}
	if sent := regexp.MustCompile(`http://[^ "'<]*/products\?[^ "'<]*`).FindString(text); sent == "" || strings.Contains(sent, "cursor=") || strings.Contains(sent, "q=") {
		t.Errorf("the form was sent as %q", sent)
	}
}

// browseManual returns the page at an operation whose form was sent, in a real browser.
func browseManual(t *testing.T, s *setup, operation string) string {
	t.Helper()
	const click = `
new MutationObserver(() => {
  for (const button of document.querySelectorAll(".try-out__btn:not(.cancel), .execute")) {
    if (!button.dataset.clicked) { button.dataset.clicked = "yes"; button.click(); }
  }
}).observe(document.body, {childList: true, subtree: true});`
	start := s.do(http.MethodGet, "/docs/start.js", "").Body.String() + click
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/docs/start.js" {
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = io.WriteString(w, start)
			return
		}
		s.unchecked.ServeHTTP(w, r)
	}))
	defer site.Close()
	document, console := testserver.Browse(t, site.URL+"/docs#/"+operation)
	if len(console) > 0 {
		t.Errorf("on the console: %s", strings.Join(console, "\n"))
	}
	return document
}

// TestBrowserSeesRefusals makes sure that the test above can fail: what the policy refuses
// is on the console.
func TestBrowserSeesRefusals(t *testing.T) {
	t.Parallel()
	policy := newSetup(t).do(http.MethodGet, "/docs", "").Header().Get("Content-Security-Policy")
	for name, part := range map[string]string{
		"a script in the page": `<script>document.title = "x"</script>`,
		"a style in the page":  `<p style="color:red">x</p>`,
		"a picture elsewhere":  `<img src="http://127.0.0.1:9/x.png">`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Security-Policy", policy)
				_, _ = io.WriteString(w, "<!doctype html><link rel=icon href=data:,>"+part)
			}))
			defer site.Close()
			_, console := testserver.Browse(t, site.URL)
			if len(console) != 1 || !strings.Contains(console[0], "Content Security Policy") {
				t.Errorf("on the console: %q", console)
			}
		})
	}
}
