package e2e_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/imaging/imagingtest"
	"vitrine.dev/internal/systemtest"
)

// consolePages are the pages that there are without any product.
func consolePages() map[string]string {
	return map[string]string{
		"now": "/console", "failed": "/console/failed", "queue": "/console/queue", "hosts": "/console/hosts", "workers": "/console/workers",
		"products": "/console/products", "jobs": "/console/jobs", "users": "/console/users", "user": "/console/users/1",
		"webhooks": "/console/webhooks", "audit": "/console/audit", "consistency": "/console/consistency", "settings": "/console/settings",
	}
}

// TestConsole opens every page in a browser: empty, with data, during an outage of the database; signs in and
// out, and finds with a few clicks why a picture is not there.
func TestConsole(t *testing.T) {
	t.Parallel()
	env := systemtest.OnlyPostgres(t)
	database := systemtest.Behind(t, env, "DB")
	env["AUTH"], env["TEST_URLS"], env["DATA_DIR"] = "on", "true", t.TempDir()
	env["JOB_MAX_ATTEMPTS"], env["JOB_BACKOFF"] = "1", "10ms"
	systemtest.Run(t, "migrate", env)
	process := systemtest.Start(t, "serve", env)
	c := process.Client()
	admin := key(t, systemtest.Run(t, "keys create --admin --name admin", env))
	shop := key(t, systemtest.Run(t, "keys create --user 1 --name shop --scope products:write", env))
	headers := map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + admin}

	b := openTab(t, c.URL)
	signIn := func(key string) {
		t.Helper()
		b.do("type the key", chromedp.SetValue("#key", key, chromedp.ByQuery))
		b.click("form.login button")
	}
	b.open("/console/hosts?state=open")
	b.says("Sign in to Vitrine")
	b.look("login", "/console/login")
	signIn("vit_wrong")
	b.says("the API key is mistyped")
	signIn(shop)
	b.says("which the console needs")
	b.quiet("refused keys", "status of 401", "status of 403")
	b.open("/console/hosts?state=open")
	signIn(admin)
	b.says("No such host") // where one wanted to go
	if got := eval[string](b, "document.cookie"); got != "" {
		t.Errorf("scripts see cookies: %s", got)
	}
	for name, path := range consolePages() {
		b.look("empty-"+name, path)
	}

	create := func(name string, urls ...string) string {
		t.Helper()
		got, answer := c.Do(http.MethodPost, "/products", headers, fmt.Sprintf(
			`{"user_id":1,"product_name":%q,"product_description":"Made by hand.","product_price":12.5,"product_images":["%s"]}`, name, strings.Join(urls, `","`)))
		if got.StatusCode != http.StatusCreated {
			t.Fatalf("create: %d: %s", got.StatusCode, answer)
		}
		return got.Header.Get("Location")
	}
	finished := func(path string) (p wire.Product) {
		t.Helper()
		systemtest.Eventually(t, "the end of "+path, func() bool {
			_, answer := c.Do(http.MethodGet, path, headers, "")
			p = wire.Product{}
			c.Decode(answer, &p)
			for _, img := range p.Images {
				if img.Status == "pending" || img.Status == "processing" {
					return false
				}
			}
			return len(p.Images) > 0
		})
		return p
	}
	var good wire.Product
	for i := range 12 {
		seed := strconv.Itoa(i)
		good = finished(create("Vase No. "+seed, "https://pictures.vitrine.test/ready?width=900&height=900&seed="+seed))
	}
	bad := finished(create("Lost", "https://broken.vitrine.test/source_forbidden", "https://broken.vitrine.test/decode_failed", "https://other.vitrine.test/source_not_found"))
	sent := finished(create("Sent", "https://pictures.vitrine.test/ready?seed=sent"))
	body, kind := pictureForm(t, imagingtest.Photo(600, 600, 11), "A lamp")
	if got, answer := c.Do(http.MethodPost, fmt.Sprintf("/products/%d/images", sent.ID), map[string]string{"Content-Type": kind, "Authorization": "Bearer " + admin}, body); got.StatusCode != http.StatusCreated {
		t.Fatalf("send a picture: %d: %s", got.StatusCode, answer)
	}
	sent = finished(fmt.Sprintf("/products/%d", sent.ID))
	pages := consolePages()
	pages["picture-sent"] = fmt.Sprintf("/console/products/%d/images/%d", sent.ID, sent.Images[1].ID)
	pages["product"] = fmt.Sprintf("/console/products/%d", good.ID)
	pages["picture"] = fmt.Sprintf("/console/products/%d/images/%d", good.ID, good.Images[0].ID)
	pages["picture-failed"] = fmt.Sprintf("/console/products/%d/images/%d", bad.ID, bad.Images[0].ID)
	pages["confirm"] = "/console/failed/confirm?action=replay&host=broken.vitrine.test"
	for name, path := range pages {
		b.look(name, path)
	}

	b.open(pages["picture-sent"])
	systemtest.Eventually(t, "before and after", func() bool {
		return eval[bool](b, `[...document.querySelectorAll(".compare img")].filter(i => i.complete && i.naturalWidth > 0).length === 2`)
	})

	// Why is this picture not there?
	b.do("resize", chromedp.EmulateViewport(1280, 900))
	b.open("/console")
	before := b.clicks
	b.click(`.figures a[href^="/console/failed"]`)
	b.click(`.rows .name`)
	b.says("It failed for good after 1 attempt")
	if n := b.clicks - before; n > 4 {
		t.Errorf("%d clicks", n)
	}
	// Retry everything that failed for that host.
	b.open("/console")
	before = b.clicks
	b.click(`.figures a[href^="/console/failed"]`)
	b.click(`.pivot th[scope=row] a`)
	b.click(`.head a.primary`)
	b.click(`form button.primary`)
	b.says("2 items are tried again")
	if n := b.clicks - before; n > 4 {
		t.Errorf("%d clicks", n)
	}
	b.open("/console/audit")
	b.says("POST /console/failed/apply")
	// Is any worker dead? Keys lead there too.
	b.do("press g w", chromedp.KeyEvent("g"), chromedp.KeyEvent("w"))
	b.says("1 process alive")
	b.quiet("an operator's tasks")

	// A hundred thousand failures: counts are bounded, and to do something about all of them their number is typed.
	db := connect(t, env, env["DB_NAME"])
	execute(t, db, fmt.Sprintf(`
		INSERT INTO images (product_id, user_id, position, source_url, source_host, status, accepted_at, reason, reason_detail, created_at, updated_at, failed_at)
		SELECT %d, 1, 100 + n, 'https://h' || n %% 300 || '.example/' || n, 'h' || n %% 300 || '.example', 'failed', now, 'source_timeout', 'The host was too slow.', now, now, now - n
		FROM generate_series(1, 100000) n, LATERAL (SELECT (extract(epoch FROM now()) * 1000)::BIGINT AS now) t`, bad.ID), `ANALYZE images`)
	for name, path := range map[string]string{"many-now": "/console", "many-failed": "/console/failed", "many-of-host": "/console/failed?host=h7.example", "many-queue": "/console/queue"} {
		b.look(name, path)
	}
	b.open("/console/failed")
	b.says("10,000+ pictures have failed")
	b.click(`.head a[href*="action=discard"]`)
	b.says("Discard 100,00")
	if !eval[bool](b, `document.querySelector("button.primary").disabled`) {
		t.Error("all can be discarded without their number")
	}
	number := eval[string](b, `document.querySelector("[data-type]").dataset.type`)
	b.do("type the number", chromedp.SendKeys("#typed", number, chromedp.ByQuery))
	b.click("form button.primary")
	b.says("Discard, job")
	b.quiet("a hundred thousand failures")

	// Without the database every page says so, and comes back by itself.
	b.open("/console/hosts")
	database.Cut()
	b.do("open", chromedp.Navigate(c.URL+"/console/hosts"))
	b.says("The database does not answer")
	b.look("outage", "/console", "status of 503", "ERR_")
	database.Restore()
	b.says("Nothing waits")
	b.quiet("an outage", "status of 503", "ERR_")

	// A session ends with its key, and its cookie opens nothing then.
	b.open("/console/queue")
	_, answer := c.Do(http.MethodGet, "/keys", headers, "")
	var keys wire.Page[wire.Key]
	c.Decode(answer, &keys)
	for _, k := range keys.Data {
		if k.Name == "admin" {
			c.Do(http.MethodDelete, fmt.Sprintf("/keys/%d", k.ID), headers, "")
		}
	}
	systemtest.Eventually(t, "the end of the session", func() bool {
		b.open("/console/queue")
		return eval[bool](b, `document.querySelector("#key") !== null`)
	})
}
