package e2e_test

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"sync/atomic"
	"testing"

	"vitrine.dev/internal/imaging/imagingtest"
	"vitrine.dev/internal/systemtest"
)

// mostClicks is how many clicks lead from the page Now to an answer, at most.
const mostClicks = 4

// errand is a way from the page Now to an answer. It counts what an operator does.
type errand struct {
	b      *tab
	clicks int
}

// errand goes to the page Now, does the steps, and wants the answer on the page that they lead to,
// after few clicks.
func (b *tab) errand(name, answer string, steps ...func(*errand)) {
	b.t.Helper()
	b.open("/console")
	e := &errand{b: b}
	for _, step := range steps {
		step(e)
	}
	b.matches(regexp.MustCompile(answer))
	if e.clicks > mostClicks {
		b.t.Errorf("%s: %d clicks, more than %d", name, e.clicks, mostClicks)
	}
	b.t.Logf("%s: %d clicks", name, e.clicks)
	b.quiet(name)
}

// on clicks on what the selector finds first.
func on(selector string) func(*errand) {
	return func(e *errand) {
		e.b.t.Helper()
		e.clicks++
		e.b.click(selector)
	}
}

// looksAgain lets the page Now look at what has happened: it is a second old at most.
func (b *tab) looksAgain(what, text string) {
	b.t.Helper()
	systemtest.Eventually(b.t, what, func() bool {
		b.open("/console")
		return eval[bool](b, fmt.Sprintf(`document.body.innerText.includes(%q)`, text))
	})
}

// taskHosts are hosts on loopback addresses: the first answers as it is told, the second never to its end.
func taskHosts(t *testing.T, answers *atomic.Bool) (failing, silent string) {
	t.Helper()
	photo, ended := imagingtest.Photo(300, 300, 5), make(chan struct{})
	failing, silent = "127.0.0.31", "127.0.0.32"
	port := systemtest.EveryAddress(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Host[:len(silent)] == silent:
			systemtest.Trickle(w, r, photo, ended)
		case !answers.Load():
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			_, _ = w.Write(systemtest.WithComment(photo, r.URL.Path))
		}
	}))
	t.Cleanup(func() { close(ended) })
	return failing + ":" + port, silent + ":" + port
}

// TestConsoleTasks: an operator's five tasks, each from the page Now with few clicks and without an id.
func TestConsoleTasks(t *testing.T) {
	t.Parallel()
	servers := systemtest.SharedServers(t)
	systemtest.Run(t, "migrate", servers)
	for name, env := range map[string]map[string]string{"embedded": {"DATA_DIR": t.TempDir()}, "servers": servers} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := maps.Clone(env)
			env["FETCH_TIMEOUT"], env["JOB_MAX_ATTEMPTS"] = "1h", "1"
			c := systemtest.Start(t, "api", env).Client()
			workers := []*systemtest.Process{systemtest.Start(t, "worker", env), systemtest.Start(t, "worker", env)}
			var answers atomic.Bool
			failing, silent := taskHosts(t, &answers)
			fiveTasks(c, openTab(t, c.URL), workers, &answers, failing, silent)
		})
	}
}

func fiveTasks(c systemtest.Client, b *tab, workers []*systemtest.Process, answers *atomic.Bool, failing, silent string) {
	t := c.T
	host := regexp.QuoteMeta(failing)
	b.looksAgain("both workers", "Nothing is wrong")
	systemtest.Eventually(t, "both workers", func() bool {
		b.open("/console/workers")
		return eval[bool](b, `document.body.innerText.includes("3 processes alive")`)
	})
	b.errand("is any worker dead? No", `No worker is dead\. 3 processes alive`, on(`a[href="/console/workers"]`))

	// Pictures of a host that fails, so many in a row that its breaker opens, and more of a host that does not come to an end than
	// are fetched from it at once.
	const pictures = 5
	of := func(host string, n, from int) (urls []string) {
		for i := range n {
			urls = append(urls, fmt.Sprintf("http://%s/%d", host, from+i))
		}
		return urls
	}
	shelf := c.Create("Oak shelf", of(failing, pictures, 0)...)
	c.Create("Slow", of(silent, pictures, 0)...)
	lamp := c.Create("Brass lamp", of(silent, 1, pictures)...)
	systemtest.Eventually(t, "the breaker", func() bool {
		failed := 0
		for _, img := range c.Product(shelf).Images {
			if img.Status == "failed" {
				failed++
			}
		}
		return failed == pictures
	})
	b.looksAgain("what is wrong", " has failed since ")
	b.errand("why is this picture not there? It failed", `It failed for good after 1 attempt: .+`,
		on(`.figures a[href^="/console/failed"]`), on(`.rows a.name`))
	b.errand("why is this picture not there? It waits", `It waits for its host, which has as many fetches as it may have, or does not answer`,
		on(`.side a[href="/console/products"]`), on(`main a.card[href="/console`+lamp+`"]`), on(`main a[href*="/images/"]`))
	b.errand("which host is failing, and since when? On the page Now", host+` has failed since \d\d:\d\d UTC \(source_\w+\)`)
	b.errand("which host is failing, and since when? With what is known of it", `(?s)`+host+`.*since`, on(`.wrong a[href^="/console/hosts?host="]`))

	answers.Store(true)
	b.errand("retry what failed for that host today", fmt.Sprintf(`%d items are tried again`, pictures),
		on(`.wrong a[href*="action=replay"][href*="since="]`), on(`form button.primary`))
	for _, img := range c.Finished(shelf).Images {
		if img.Status != "ready" {
			t.Errorf("image %d is %s: %+v", img.ID, img.Status, img.Reason)
		}
	}
	b.looksAgain("all is well", "Nothing is wrong")

	const many, each = 21, 50 // a queue of a thousand is full
	for i := range many {
		c.Create(fmt.Sprintf("Many %d", i), of(silent, each, 100+i*each)...)
	}
	b.looksAgain("who fills the queue", "fills the queue")
	b.errand("who is filling the queue? On the page Now", `User 1 fills the queue: 1,0\d\d of 1,0\d\d waiting pictures are theirs`)
	b.errand("who is filling the queue? With all who wait", `(?s)User 1\b.*1,0\d\d waiting`, on(`.wrong a[href^="/console/queue"]`))

	workers[0].Kill()
	b.looksAgain("the worker that is dead", "A worker stopped answering")
	b.errand("is any worker dead? One is", `A worker stopped answering at \d\d:\d\d UTC with \d+ pictures? in work\. 2 processes alive`,
		on(`.wrong a[href="/console/workers"]`))
}
