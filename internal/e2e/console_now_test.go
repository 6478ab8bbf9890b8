package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"vitrine.dev/internal/systemtest"
)

// TestConsoleNow: the charts of the last hours are drawn from the minute statistics, lead to what they count, and go on
// with the page without being made again; the page has the same without scripts. Workers and checks are told of.
func TestConsoleNow(t *testing.T) {
	t.Parallel()
	env := systemtest.OnlyPostgres(t)
	env["TEST_URLS"], env["DATA_DIR"] = "true", t.TempDir()
	env["JOB_MAX_ATTEMPTS"], env["JOB_BACKOFF"], env["ORPHAN_INTERVAL"] = "1", "10ms", "1s"
	systemtest.Run(t, "migrate", env)
	process := systemtest.Start(t, "serve", env)
	c := process.Client()
	db := connect(t, env, env["DB_NAME"])
	b := openTab(t, c.URL)
	b.look("now-empty", "/console")
	b.says("No attempt has ended in this time.")
	b.open("/console/consistency")
	b.says("no fsck has come to its end yet")

	for name, url := range map[string]string{"Vase": "https://pictures.vitrine.test/ready?seed=1", "Lost": "https://broken.vitrine.test/source_not_found"} {
		got, answer := c.Do(http.MethodPost, "/products", map[string]string{"Content-Type": "application/json"}, fmt.Sprintf(
			`{"user_id":1,"product_name":%q,"product_description":"Made by hand.","product_price":12.5,"product_images":["%s"]}`, name, url))
		if got.StatusCode != http.StatusCreated {
			t.Fatalf("create: %d: %s", got.StatusCode, answer)
		}
	}
	systemtest.Eventually(t, "the end of both", func() (ended bool) {
		err := db.QueryRow(t.Context(), `SELECT count(*) = 2 FROM images WHERE status IN ('ready', 'failed')`).Scan(&ended)
		return err == nil && ended
	})
	// A day of minutes; the one in which all failed is ten minutes ago, with the picture that did.
	execute(t, db, `DELETE FROM minutes`, `
		INSERT INTO minutes (minute, ready, retried, failed, sampled, waiting, more, oldest, in_flight)
		SELECT (at - n * 60000) / 60000 * 60000, CASE WHEN n = 10 THEN 0 ELSE 30 + (n * 7) % 23 END, n % 5, CASE WHEN n = 10 THEN 40 ELSE 0 END,
			CASE WHEN n % 9 = 0 THEN 0 ELSE 1 END, (n * 37) % 900 + n, 0, (n * 1300) % 240000, 8
		FROM generate_series(1, 1440) n, LATERAL (SELECT (extract(epoch FROM now()) * 1000)::BIGINT AS at) t`, `
		UPDATE images SET failed_at = (extract(epoch FROM now()) * 1000)::BIGINT / 60000 * 60000 - 599000 WHERE status = 'failed'`)
	for name, path := range map[string]string{"now": "/console", "now-6h": "/console?range=6h", "now-24h": "/console?range=24h"} {
		b.look(name, path)
		if n := eval[int](b, `document.querySelectorAll("[data-chart] canvas").length`); n != 2 {
			t.Errorf("%s has %d charts", path, n)
		}
		if eval[bool](b, `[...document.querySelectorAll(".drawn")].some(d => d.offsetHeight > 0)`) {
			t.Errorf("%s shows the drawings beside the charts", path)
		}
		if rows := eval[int](b, `document.querySelectorAll("#past-table tbody tr").length`); rows < 10 || rows > 12 {
			t.Errorf("%s has %d rows", path, rows)
		}
	}
	inked := `[...document.querySelectorAll("[data-chart] canvas")].every(c => {
		const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data; return d.some((v, i) => i % 4 === 3 && v > 200) })`

	// The choice of the time, and a point, lead somewhere.
	b.do("resize", chromedp.EmulateViewport(1280, 900))
	b.open("/console")
	b.says("Ready per minute")
	b.click(`[aria-label="How long"] a[href*="6h"]`)
	b.says("In the last 6 hours")
	b.open("/console")
	if !eval[bool](b, inked) {
		t.Error("a chart is empty")
	}
	var at []float64 // the middle of the tall bar
	over := `(() => { const f = document.querySelector("#chart-throughput"), o = f.querySelector(".u-over"); o.scrollIntoView({block: "center"});
		const { times, series } = JSON.parse(f.dataset.chart), i = series[2].values.findIndex(v => v > 0), r = o.getBoundingClientRect();
		return [r.left + r.width * (i + 0.5) / times.length, r.top + r.height * 0.6] })()`
	at = eval[[]float64](b, over)
	b.do("point at it", chromedp.MouseEvent(input.MouseMoved, at[0], at[1]))
	b.says("40 failed")
	if _, err := chromedp.RunResponse(b.bounded(), chromedp.MouseClickXY(at[0], at[1])); err != nil {
		t.Fatal(err)
	}
	b.says("1 picture has failed")
	b.says("Until ")
	b.open("/console")
	b.click(`#chart-throughput .legend a[href^="/console/failed"]`)
	b.says("1 picture has failed")
	b.quiet("a chart")

	// A look changes the figures of the chart that is there; none is made while the tab is hidden.
	b.open("/console")
	b.do("mark", chromedp.Evaluate(`document.querySelector("#chart-throughput canvas").marked = true; document.querySelector("#past-table summary").click();
		window.ended = 0; const close = EventSource.prototype.close; EventSource.prototype.close = function () { window.ended++; close.call(this) };
		window.hide = (hidden) => { Object.defineProperty(document, "hidden", { value: hidden, configurable: true }); document.dispatchEvent(new Event("visibilitychange")) };
		hide(true)`, nil))
	execute(t, db, `UPDATE minutes SET failed = 4711 WHERE failed > 0`)
	if n := eval[int](b, `window.ended`); n != 1 || strings.Contains(eval[string](b, `document.querySelector("#chart-throughput").dataset.chart`), "4711") {
		t.Errorf("while it is hidden, %d streams are closed", n)
	}
	b.do("show", chromedp.Evaluate(`hide(false)`, nil))
	systemtest.Eventually(t, "the chart with what is new", func() bool {
		return strings.Contains(eval[string](b, `document.querySelector("#chart-throughput").dataset.chart`), "4711")
	})
	if !eval[bool](b, `document.querySelector("#chart-throughput canvas").marked === true && document.querySelectorAll("#chart-throughput canvas").length === 1`) {
		t.Error("the chart was made again")
	}
	if !eval[bool](b, `document.querySelector("#past-table").open`) {
		t.Error("the table was closed by a look")
	}
	b.do("another scheme", emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}))
	b.look("now-dark", "/console")
	if !eval[bool](b, inked) {
		t.Error("a chart is empty in the dark")
	}
	b.do("the first scheme", emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "light"}}))

	// Without scripts there are a drawing and a table.
	b.do("no scripts", emulation.SetScriptExecutionDisabled(true))
	b.look("now-plain", "/console")
	if !eval[bool](b, `document.querySelector("#chart-throughput .drawn").offsetHeight > 100 && document.querySelectorAll("#chart-throughput .drawn rect").length > 50 &&
		document.querySelectorAll("#chart-backlog polyline").length === 1 && !document.querySelector("canvas")`) {
		t.Error("without scripts nothing is drawn")
	}
	b.do("scripts", emulation.SetScriptExecutionDisabled(false))

	// A worker of another version, one that drains, and one that has stopped.
	execute(t, db, `
		INSERT INTO processes (id, role, slots, in_flight, held, fetched, heartbeat_at, started_at, version, draining, memory, renders, pixels_used, pixel_budget)
		SELECT 'DRAINING' || n, 'worker', 8, n, n, '', at + CASE WHEN n = 3 THEN -900000 ELSE 60000 END, at - 7200000, '1.2.' || n, CASE WHEN n = 1 THEN 1 ELSE 0 END, 734003200, 2, n * 60000000, 200000000
		FROM generate_series(1, 3) n, LATERAL (SELECT (extract(epoch FROM now()) * 1000)::BIGINT AS at) t`)
	systemtest.Eventually(t, "the processes", func() bool {
		b.open("/console/workers")
		return eval[bool](b, `document.body.innerText.includes("Stopped without saying so")`)
	})
	for _, text := range []string{"Stopped without saying so", "3 pictures in work", "1.2.3", "Draining", "1 in work, and begins nothing", "60 of 200 million", "734 MB", "others run another", "A worker stopped answering"} {
		b.says(text)
	}
	b.look("workers-many", "/console/workers")
	b.look("now-lost", "/console")

	// What fsck has found is told, with what is left.
	if code, v := fsck(t, env); code != 0 {
		t.Fatalf("fsck ended with %d: %+v", code, v)
	}
	b.look("consistency", "/console/consistency")
	b.says("nothing was wrong in what was compared, which was not everything") // the queue is in process
	execute(t, db, `UPDATE products SET version = version, images_ready = 7 WHERE id = (SELECT min(id) FROM products)`)
	if code, v := fsck(t, env); code != 1 {
		t.Fatalf("fsck ended with %d: %+v", code, v)
	}
	b.open("/console")
	b.says("fsck found 1 difference at")
	b.click(`.wrong a[href="/console/consistency"]`)
	b.says("Products that say other counts")
	b.says("1 left")
	b.says("not checked")
	systemtest.Eventually(t, "a round of the collector", func() bool {
		b.open("/console/consistency")
		return eval[bool](b, `document.body.innerText.includes("16 of 16 parts")`)
	})
	b.look("consistency-broken", "/console/consistency")
	b.quiet("checks")
}
