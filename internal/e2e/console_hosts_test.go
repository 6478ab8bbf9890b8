package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"vitrine.dev/internal/systemtest"
)

// TestConsoleHosts: an operator sees which host fails and since when, has it tried at once, and its pictures become
// ready, an hour before they would have been tried.
func TestConsoleHosts(t *testing.T) {
	t.Parallel()
	good := systemtest.NewSource(t)
	var back atomic.Bool
	down := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if back.Load() {
			http.Redirect(w, r, good.URL+r.URL.Path, http.StatusFound)
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer down.Close()
	host := strings.TrimPrefix(down.URL, "http://")
	env := map[string]string{"DATA_DIR": t.TempDir(), "AUTH": "on"}
	systemtest.Run(t, "migrate", env)
	admin := key(t, systemtest.Run(t, "keys create --admin --name admin", env))
	c := systemtest.Start(t, "serve", env).Client()
	// Its breaker has opened before, for an hour.
	database := "file:" + filepath.Join(env["DATA_DIR"], "vitrine.db") + "?_pragma=busy_timeout(10000)"
	now := time.Now()
	change(t, "sqlite", database, `
		INSERT INTO hosts (host, answered_at, failures, failing_at, failed_at, open_until, reason, reason_detail, used_at) VALUES
			($1, $2, 9, $2, $3, $4, 'source_unreachable', 'The host answered with status 503.', $3), ('well.example', $3, 0, 0, 0, 0, '', '', $3),
			('odd.example', $2, 2, $2, $3, 0, 'source_timeout', '', $3)`,
		host, now.Add(-40*time.Minute).UnixMilli(), now.UnixMilli(), now.Add(time.Hour).UnixMilli())
	const five = 300_000
	for _, cell := range [][3]any{{host, -1, 212}, {host, 30, 8}, {"well.example", 30, 900}, {"well.example", 42, 99}, {"well.example", -1, 1}} {
		change(t, "sqlite", database, `INSERT INTO host_fetches (host, begun_at, class, fetches) VALUES ($1, $2, $3, $4)`,
			cell[0], now.UnixMilli()/five*five, cell[1], cell[2])
	}
	headers := map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + admin}
	var urls []string
	for n := range 12 {
		urls = append(urls, fmt.Sprintf("%q", fmt.Sprintf("%s/n/%d", down.URL, n)))
	}
	created, answer := c.Do(http.MethodPost, "/products", headers, fmt.Sprintf(`{"user_id":1,"product_name":"Vases","product_price":9,"product_images":[%s]}`, strings.Join(urls, ",")))
	if created.StatusCode != http.StatusCreated {
		t.Fatalf("create: %d: %s", created.StatusCode, answer)
	}

	b := openTab(t, c.URL)
	b.open("/console")
	b.do("type the key", chromedp.SetValue("#key", admin, chromedp.ByQuery))
	b.click("form.login button")
	systemtest.Eventually(t, "all wait for the host", func() bool {
		b.open("/console")
		return strings.Contains(eval[string](b, `document.body.innerText`), host+" has failed since") && eval[bool](b, `document.querySelector(".wrong .count").innerText === "12"`)
	})
	b.look("now-failing", "/console")
	b.look("hosts-failing", "/console/hosts")
	b.says(host + " has failed since")
	b.says("(source_unreachable); 12 pictures wait for it.")
	b.says("2 URLs of odd.example failed since")
	b.says("3.6 % of 220 succeeded")
	b.says("99.9 % of 1,000 succeeded")
	b.says("Half in 165 ms, 95 % in 1.3 s")
	b.look("queue-failing", "/console/queue")
	b.says("12 waiting")

	// From the page Now, with one click.
	back.Store(true)
	b.open("/console")
	b.click(`.wrong form button`)
	b.says(host + " is tried now, with one picture at a time until it answers.")
	systemtest.Eventually(t, "the pictures", func() bool {
		_, answer := c.Do(http.MethodGet, created.Header.Get("Location"), headers, "")
		return strings.Count(string(answer), `"ready"`) == len(urls)
	})
	b.says("Answers")
	b.says("is tried now") // the looks at what has happened meanwhile leave it there
	b.open("/console/hosts?host=" + host)
	b.says("Answers")
	if eval[bool](b, `document.querySelector("form[action$='/try']") !== null`) {
		t.Error("a host that answers can be tried")
	}
	b.open("/console/audit")
	b.says("POST /console/hosts/{host}/try")
	b.quiet("a host that was tried")
}

// TestConsoleQueue: who waits is told in the order in which pictures go out, with the time that it is expected to take.
func TestConsoleQueue(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := systemtest.Start(t, "api", map[string]string{"DATA_DIR": dir}).Client() // without a worker nothing moves
	var urls []string
	for n := range 48 {
		urls = append(urls, fmt.Sprintf("https://h%d.example/%d.jpg", n%3, n))
	}
	for n := range 5 {
		c.Create(fmt.Sprintf("No. %d", n), urls...)
	}
	database := "file:" + filepath.Join(dir, "vitrine.db") + "?_pragma=busy_timeout(10000)"
	now := time.Now().UnixMilli()
	b := openTab(t, c.URL)
	b.open("/console/queue")
	b.says("No one is in line")
	b.says("just come")
	for _, statement := range []string{
		// User 2 has a picture before the 150 of user 1, user 3 waits at a host, user 4 for a retry, and user 5 for its first contact.
		`UPDATE images SET stage = 2, class = 0, rank = 1000 + id WHERE id <= 150`,
		`UPDATE images SET stage = 2, class = 0, rank = CASE id WHEN 151 THEN 1 ELSE 2000 END, user_id = 2 WHERE id > 150 AND id <= 160`,
		`UPDATE images SET stage = 1, user_id = 3 WHERE id > 160 AND id <= 190`,
		`UPDATE images SET stage = 0, user_id = 4, due_at = due_at + 3600000 WHERE id > 190 AND id <= 200`,
		`UPDATE images SET stage = 2, class = 1, rank = id, user_id = 5 WHERE id > 200 AND id <= 203`,
		`UPDATE images SET stage = 3, user_id = 6, dispatched_until = due_at + 3600000 WHERE id > 203`,
	} {
		change(t, "sqlite", database, statement)
	}
	b.open("/console/queue")
	b.says("Time not known")
	if eval[bool](b, `document.body.innerText.includes("First now")`) {
		t.Error("a time is known, though nothing was ever done")
	}
	// Ten pictures a second are done, for as long as the test may take.
	change(t, "sqlite", database, `
		WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 599)
		INSERT INTO events (type, product_id, image_id, user_id, revision, version, occurred_at, data)
		SELECT 'image.ready', 1, 1, 1, 1, 1, $1 + (n - 60) * 1000, '{}' FROM n`, now)
	systemtest.Eventually(t, "the pace", func() bool { // what is shown may be a second old
		b.open("/console/queue")
		return eval[bool](b, `document.body.innerText.includes("First now")`)
	})
	b.look("queue", "/console/queue")
	rows := eval[[]string](b, `[...document.querySelectorAll(".row.turn")].map(r => r.querySelector(".place").innerText + " " + r.querySelector(".name").innerText)`)
	if got := strings.Join(rows, ", "); got != "1 User 5, 1 User 2, 2 User 1" {
		t.Errorf("the turns are %s", got)
	}
	b.says("150 in line")
	b.says("3 in line, at hosts that have not answered yet")
	b.says("First now")
	b.says("last in 1")
	b.says("The next retry is due in ")
	b.says("Which hosts they wait for")
	b.says("10 waiting") // at each of three hosts
	b.quiet("a queue")
}
