package e2e_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"vitrine.dev/internal/systemtest"
)

// TestConsoleKeys: keys lead to every page of the menu, to the line that searches, through the rows and to the list of keys; and
// without scripts all of it can be done as well.
func TestConsoleKeys(t *testing.T) {
	t.Parallel()
	s := newConsoleSite(t, map[string]string{})
	s.fill()
	b := s.openTab()
	s.signIn(b, s.admin, "/console")
	menu := b.menu()
	letters := eval[map[string]string](b, `Object.fromEntries([...document.querySelectorAll(".side nav a")].map(a => [a.getAttribute("href"), a.dataset.letter]))`)
	for name, address := range menu {
		letter := letters[address]
		b.open("/console/settings")
		if name == "settings" {
			b.open("/console/audit")
		}
		b.press("g", letter)
		systemtest.Eventually(t, "the page of g "+letter, func() bool { return eval[string](b, "location.pathname") == address })
	}

	// The line that searches, where there is one; keys are letters in it, until it is left.
	for _, address := range []string{"/console/products", "/console/hosts", "/console/webhooks"} {
		b.open(address)
		b.press("/")
		if !eval[bool](b, `document.activeElement.matches("[data-search]")`) {
			t.Errorf("%s: / leads to no line that searches", address)
		}
		b.press("g", "q", "?", kb.Escape)
		if eval[string](b, "location.pathname") != address || eval[bool](b, `document.querySelector("#keys").open`) {
			t.Errorf("%s: keys of the page do something in a line of text", address)
		}
		b.press("?")
		if !eval[bool](b, `document.querySelector("#keys").open`) {
			t.Errorf("%s: ? shows no keys after the line was left", address)
		}
	}

	b.open("/console/failed")
	here := `[...document.querySelectorAll("[data-row]")].findIndex(r => r.classList.contains("here"))`
	selected := `document.querySelectorAll("[data-row] input:checked").length`
	looks := func() { // as the page does when something has happened
		b.do("look", chromedp.Evaluate(`document.addEventListener("htmx:after:swap", () => { window.looked = true; }, {once: true});
			document.dispatchEvent(new Event("visibilitychange"))`, nil))
		systemtest.Eventually(t, "a look", func() bool { return eval[bool](b, "window.looked === true") })
	}
	b.press("j", "j")
	looks()
	b.press("k")
	for _, step := range []struct {
		key            string
		here, selected int
	}{{"k", 0, 0}, {"x", 0, 1}, {"j", 1, 1}, {"j", 2, 1}, {"j", 2, 1}, {"x", 2, 2}, {"k", 1, 2}, {"k", 0, 2}, {"k", 0, 2}, {"x", 0, 1}} {
		b.press(step.key)
		systemtest.Eventually(t, fmt.Sprintf("row %d and %d selected after %s", step.here, step.selected, step.key), func() bool {
			return eval[int](b, here) == step.here && eval[int](b, selected) == step.selected
		})
	}
	b.press(kb.Enter) // on the link of the row
	b.says("It failed for good after 1 attempt")
	b.press("?")
	listed := eval[string](b, `document.querySelector("#keys").innerText`)
	for _, want := range []string{"Search or filter", "Next and previous", "Select", "Open", "Now", "Settings"} {
		if !strings.Contains(listed, want) {
			t.Errorf("the list of keys lacks %q: %s", want, listed)
		}
	}
	b.press(kb.Escape)
	if eval[bool](b, `document.querySelector("#keys").open`) {
		t.Error("Escape does not close the list of keys")
	}
	b.quiet("keys")
}

// TestConsoleWithoutScripts signs in, filters, retries what was selected and all of it, and sees every page.
func TestConsoleWithoutScripts(t *testing.T) {
	t.Parallel()
	s := newConsoleSite(t, map[string]string{})
	pages := s.fill()
	b := s.openTab()
	b.do("switch scripts off", emulation.SetScriptExecutionDisabled(true))
	s.signIn(b, s.admin, "/console/products")
	b.says("Vase No. 3")
	maps.Copy(pages, b.menu())
	for name, address := range pages {
		b.lookAt(widths()[:2], "plain-"+name, address)
		dead := eval[int](b, `[...document.querySelectorAll("[data-copy], [data-help], [data-chart] canvas")].filter(e => e.getClientRects().length > 0).length`)
		if words := eval[int](b, `document.querySelector("main").innerText.trim().length`); words < 20 || dead > 0 {
			t.Errorf("%s: %d letters, %d things that need a script", address, words, dead)
		}
	}
	b.open("/console/products")
	b.do("filter", chromedp.SetValue("[data-search]", `user:1 "Vase No. 7"`, chromedp.ByQuery))
	b.click("form[role=search] button")
	if n := eval[int](b, `document.querySelectorAll(".card").length`); n != 1 {
		t.Errorf("%d products are like that", n)
	}
	b.open("/console/failed")
	b.do("select", chromedp.Click("[data-row] input[type=checkbox]", chromedp.ByQuery))
	b.click(`button[value="replay"]`)
	b.says("1 item is tried again")
	b.open(pages["failed-of-host"])
	b.click(`.head a.primary`)
	b.click(`form button.primary`)
	b.says("tried again")

	b.open("/console/failed?user=1") // a form that is sent when the session is over
	b.do("lose the session", network.ClearBrowserCookies(), chromedp.Click("[data-row] input[type=checkbox]", chromedp.ByQuery))
	b.click(`button[value="replay"]`)
	b.says("Sign in to Vitrine")
	b.do("type the key", chromedp.SetValue("#key", s.admin, chromedp.ByQuery))
	b.click("form.login button")
	if got := eval[string](b, "location.search"); got != "?user=1" {
		t.Errorf("signing in leads to %q", got)
	}
	b.click(`form[action="/console/logout"] button`)
	b.says("Sign in to Vitrine")
	b.quiet("without scripts")
}
