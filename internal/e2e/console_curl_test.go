package e2e_test

import (
	"fmt"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"vitrine.dev/internal/systemtest"
)

// TestConsoleCurl: behind a proxy that the server knows nothing of, commands have the URL that the browser has open, also
// after a look. Without scripts, and at ADMIN_ADDR, where the API is not, they have a variable, which is explained.
func TestConsoleCurl(t *testing.T) {
	t.Parallel()
	s := newConsoleSite(t, map[string]string{})
	server, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(server) }}) // the Host is the server's
	t.Cleanup(func() { proxy.CloseClientConnections(); proxy.Close() })
	p := s.create("Vase", "https://pictures.vitrine.test/ready?seed=vase")
	path := fmt.Sprintf("/products/%d/images/%d", p.ID, p.Images[0].ID)
	b := openTab(t, proxy.URL)
	s.signIn(b, s.admin, "/console"+path)

	const begin = "curl -H \"Authorization: Bearer $VITRINE_API_KEY\" \\\n  "
	want := func(when, command string, explained bool) {
		t.Helper()
		if got := eval[string](b, `document.querySelector("#curl-read").textContent`); got != begin+command {
			t.Errorf("%s the command is\n%s\nwant\n%s", when, got, begin+command)
		}
		if got := eval[bool](b, `document.querySelector("main").innerText.includes("$VITRINE_API_URL stands for")`); got != explained {
			t.Errorf("%s the variable is explained: %t", when, got)
		}
	}
	here := "'" + proxy.URL + path + "/attempts'"
	want("at first", here, false)
	b.do("copy", chromedp.Evaluate(`navigator.clipboard.writeText = async (text) => { window.copied = text }`, nil), chromedp.Click(`[data-copy="#curl-read"]`, chromedp.ByQuery))
	if got := eval[string](b, `String(window.copied)`); got != begin+here {
		t.Errorf("copied is %s", got)
	}
	b.do("look", chromedp.Evaluate(`window.looks = 0; document.addEventListener("htmx:after:swap", () => { window.looks++ }); document.dispatchEvent(new Event("visibilitychange"))`, nil))
	systemtest.Eventually(t, "a look", func() bool { return eval[int](b, "window.looks") > 0 })
	want("after a look", here, false)
	b.look("picture-curl", "/console"+path)

	hint := "\"$VITRINE_API_URL" + path + "/attempts\""
	b.do("switch scripts off", emulation.SetScriptExecutionDisabled(true))
	b.open("/console" + path)
	want("without scripts", hint, true)
	b.look("plain-picture-curl", "/console"+path)
	b.do("switch scripts on", emulation.SetScriptExecutionDisabled(false))
	b.url = s.adminURL
	b.open("/console" + path) // the session is of the host, at any port
	want("at ADMIN_ADDR", hint, true)
	b.quiet("commands")
}
