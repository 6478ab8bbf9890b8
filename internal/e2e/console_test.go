package e2e_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"vitrine.dev/internal/systemtest"
	"vitrine.dev/internal/testserver"
)

// TestConsole opens every page in a browser: empty, with data, with a hundred thousand failures, and during an
// outage of the database.
func TestConsole(t *testing.T) {
	t.Parallel()
	env := systemtest.OnlyPostgres(t)
	direct := maps.Clone(env)
	database := systemtest.Behind(t, env, "DB")
	s := newConsoleSite(t, env)
	b := s.openTab()
	signingIn(s, b)
	menu := b.menu()
	s.looks(b, "empty-", menu)
	s.looks(b, "empty-", map[string]string{"user": "/console/users/1"})

	pages := s.fill()
	maps.Copy(pages, menu)
	s.looks(b, "", pages)
	b.open(pages["picture-sent"])
	systemtest.Eventually(t, "before and after", func() bool {
		return eval[bool](b, `[...document.querySelectorAll(".compare img")].filter(i => i.complete && i.naturalWidth > 0).length === 2`)
	})

	// A hundred thousand failures: counts are bounded, and to do something about all of them their number is typed.
	db := connect(t, direct, env["DB_NAME"])
	execute(t, db, fmt.Sprintf(`
		INSERT INTO images (product_id, user_id, position, source_url, source_host, status, accepted_at, reason, reason_detail, created_at, updated_at, failed_at)
		SELECT %s, 1, 100 + n, 'https://h' || n %% 300 || '.example/' || n, 'h' || n %% 300 || '.example', 'failed', now, 'source_timeout', 'The host was too slow.', now, now, now - n
		FROM generate_series(1, 100000) n, LATERAL (SELECT (extract(epoch FROM now()) * 1000)::BIGINT AS now) t`,
		strings.TrimPrefix(pages["product-failed"], "/console/products/")), `ANALYZE images`)
	many := maps.Clone(pages)
	many["of-host"], many["of-user"] = "/console/failed?host=h7.example", "/console/failed?user=1"
	delete(many, "product-failed") // no product has so many
	delete(many, "picture-failed")
	s.looks(b, "many-", many)
	b.open("/console/failed")
	b.says("10,000+ pictures have failed")
	many["job"] = b.discardAll("Discard 100,00")
	b.quiet("a hundred thousand failures")
	s.looks(b, "", map[string]string{"job": many["job"]})
	b.open("/console/audit")
	b.says("POST /console/failed/apply")
	s.wantAllSeen()

	outage(s, b, database, many)
}

// signingIn signs in with keys that are none or good for other things, and with one that is right.
func signingIn(s *consoleSite, b *tab) {
	s.T.Helper()
	b.look("login", "/console/login")
	s.signIn(b, "vit_wrong", "/console/hosts?state=open")
	b.says("the API key is mistyped")
	s.signIn(b, s.shop, "/console/hosts?state=open")
	b.says("which the console needs")
	b.quiet("refused keys", "status of 401", "status of 403")
	s.signIn(b, s.admin, "/console/hosts?state=open")
	b.says("No such host") // where one wanted to go
	if got := eval[string](b, "document.cookie"); got != "" {
		s.T.Errorf("scripts see cookies: %s", got)
	}
}

// discardAll discards all failures, more than a thousand, whose number has to be typed, and returns the address of the job.
func (b *tab) discardAll(asks string) (job string) {
	b.t.Helper()
	b.open("/console/failed")
	b.click(`.head a[href*="action=discard"]`)
	b.says(asks)
	if !eval[bool](b, `document.querySelector("button.primary").disabled`) {
		b.t.Error("all can be discarded without their number")
	}
	number := eval[string](b, `document.querySelector("[data-type]").dataset.type`)
	b.do("type the number", chromedp.SendKeys("#typed", number, chromedp.ByQuery))
	b.click("form button.primary")
	b.says("Discard, job")
	return eval[string](b, `location.pathname`)
}

// pageWithin is how long any page takes at most, during an outage too.
const pageWithin = 2 * time.Second

// outage takes the database away: every page says so at once, an open one goes on showing what it has, and all
// come back by themselves.
func outage(s *consoleSite, b *tab, database *testserver.TCPProxy, pages map[string]string) {
	t := s.T
	t.Helper()
	session := b.cookie("vitrine_session")
	open := openTabIn(b, "/console/queue")
	open.says("Nobody waits")
	for name, leave := range map[string]func(){"cut off": database.Cut, "hangs": database.Stall} {
		b.open("/console/queue") // the session is known for half a minute
		leave()
		var asked sync.WaitGroup
		for page, address := range pages {
			asked.Go(func() { wantNotice(s, name+": "+page, address, session) })
		}
		asked.Wait()
		open.do("come back to the tab", chromedp.Evaluate(`document.dispatchEvent(new Event("visibilitychange"))`, nil))
		open.says("This is how it was at")
		open.says("Nobody waits")
		b.lookAt(widths(), "outage", "/console", "status of 503", "ERR_")
		if name == "hangs" { // what has hung for long is dead
			database.Cut()
			database.Resume()
		}
		database.Restore()
		b.says("Where pictures are")
		systemtest.Eventually(t, "the end of the notice", func() bool {
			return eval[bool](open, `document.querySelector("#stale").hidden`)
		})
		b.quiet(name, "status of 503", "ERR_")
		open.quiet(name, "status of 503", "ERR_")
	}
	b.excused = b.late() // what the log has is of the outage
	for page, address := range pages {
		b.lookAt(widths()[:1], "after-"+page, address)
	}
}

// wantNotice asks for a page without the database: it says so, or shows what it can, in time and nothing internal. The
// median of a few answers has to be in time: this machine is busy, too.
func wantNotice(s *consoleSite, name, address, session string) {
	s.T.Helper()
	took := make([]time.Duration, 0, 3)
	for range cap(took) {
		began := time.Now()
		got, body := s.Do(http.MethodGet, address, map[string]string{"Cookie": session}, "")
		took = append(took, time.Since(began))
		text := string(body)
		switch got.StatusCode {
		case http.StatusOK:
		case http.StatusServiceUnavailable:
			if !strings.Contains(text, "The database does not answer") && !strings.Contains(text, "The database is slow") || !strings.Contains(text, `http-equiv="refresh"`) {
				s.T.Errorf("%s does not say what is missing, or that it tries again: %s", name, text)
			}
			if found := internals.FindString(text[strings.Index(text, "<main"):strings.Index(text, "</main>")]); found != "" {
				s.T.Errorf("%s: %q is on the page", name, found)
			}
		default:
			s.T.Errorf("%s: status %d: %s", name, got.StatusCode, text)
		}
		if !strings.Contains(text, "<h1") || strings.Contains(text, "goroutine ") {
			s.T.Errorf("%s is no page: %s", name, text)
		}
	}
	slices.Sort(took)
	if took[len(took)/2] >= pageWithin {
		s.T.Errorf("%s: the answers took %v", name, took)
	}
}
