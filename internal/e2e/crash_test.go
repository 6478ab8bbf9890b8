package e2e_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"vitrine.dev/internal/failpoint"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/systemtest"
)

// death is one way to die on the way of an image.
type death struct {
	role   string            // of the process that dies
	points []failpoint.Point // one process dies at each, the one after the other
	source string            // what is to be fetched; see newSource and flaky
	dead   bool              // the job comes from the dead-letter queue

	status   string // that the image ends in
	attempts int    // that are counted for it
	revision int64  // of its product in the end: how often the image has changed
}

// deaths are all the points at which a worker, a dispatcher or an API can be made
// to die. An attempt that was begun counts, whatever became of it, and its end is
// a change.
func deaths() []death {
	const photo = "/rocket.jpg"
	var all []death
	for _, p := range []failpoint.Point{failpoint.Dispatched, failpoint.Published, failpoint.Invalidated} {
		all = append(all, death{"api", []failpoint.Point{p}, photo, false, "ready", 1, 2})
	}
	for _, p := range []failpoint.Point{failpoint.Received, failpoint.Completed} {
		all = append(all, death{"worker", []failpoint.Point{p}, photo, false, "ready", 1, 2})
	}
	for _, p := range []failpoint.Point{
		failpoint.Begun, failpoint.Fetched, failpoint.Rendered, failpoint.StoredFirst, failpoint.Stored, failpoint.InComplete,
	} {
		all = append(all, death{"worker", []failpoint.Point{p}, photo, false, "ready", 2, 3})
	}
	return append(all,
		death{"worker", []failpoint.Point{failpoint.Begun, failpoint.InReclaim}, photo, false, "ready", 2, 3},
		death{"worker", []failpoint.Point{failpoint.Begun, failpoint.Swept}, photo, false, "ready", 2, 3},
		death{"worker", []failpoint.Point{failpoint.InRetry}, "/flaky", false, "ready", 2, 3},
		death{"worker", []failpoint.Point{failpoint.FailureRecorded}, "/flaky", false, "ready", 2, 3},
		death{"worker", []failpoint.Point{failpoint.InFail}, "/missing.jpg", false, "failed", 2, 3},
		death{"worker", []failpoint.Point{failpoint.FailureRecorded}, "/missing.jpg", false, "failed", 1, 2},
		death{"worker", []failpoint.Point{failpoint.InCountLostDelivery}, photo, true, "failed", 1, 2},
	)
}

// TestDeathAtEveryStep kills a process at each point of an image's way and lets
// a healthy one go on: the image ends once, as it would have without, and
// no work is left, nor anything in queue or storage.
func TestDeathAtEveryStep(t *testing.T) {
	t.Parallel()
	for _, d := range deaths() {
		t.Run(fmt.Sprint(d.points, d.source), func(t *testing.T) {
			t.Parallel()
			d.test(t)
		})
	}
}

func (d death) test(t *testing.T) {
	t.Helper()
	w := systemtest.NewSystem(t)
	w.Env["JOB_BACKOFF"], w.Env["JOB_REQUEUE_AFTER"] = "200ms", "2s"
	if d.dead {
		w.Env["JOB_MAX_ATTEMPTS"] = "1"
	}
	path := w.Create(systemtest.NewSource(t).URL + d.source)
	if d.dead {
		w.DeadLetter()
	}
	for _, point := range d.points {
		dies(t, w, d.role, point)
	}

	healthy := systemtest.Start(t, "serve", w.Env)
	c := healthy.Client()
	img := c.Finished(path).Images[0]
	if img.Status != d.status || img.Attempts != d.attempts {
		t.Errorf("the image is %s after %d attempts, want %s after %d: %+v", img.Status, img.Attempts, d.status, d.attempts, img.Reason)
	}
	if img.Status == "ready" {
		checkBytes(c, *img.Compressed)
		for _, v := range img.Variants {
			checkBytes(c, v)
		}
	}
	w.AwaitNoWork()
	w.AwaitConsumed(healthy)
	healthy.Stop()
	if n := w.Queued(); n != 0 {
		t.Errorf("%d messages are left in the queues", n)
	}
	if v := w.Revision(); v != d.revision {
		t.Errorf("the product is at revision %d, want %d: one for each change", v, d.revision)
	}
	if got, want := w.Objects(), names(img); !slices.Equal(got, want) {
		t.Errorf("stored are %v, want %v", got, want)
	}
}

// dies runs a role until it kills itself at the point, and lets its leases end.
func dies(t *testing.T, w *systemtest.System, role string, point failpoint.Point) {
	t.Helper()
	env := maps.Clone(w.Env)
	env["VITRINE_CRASH_AT"], env["PGAPPNAME"] = string(point), "mortal"
	if point == failpoint.Swept {
		env["QUEUE_PORT"] = "1" // a job that is redelivered would be begun between the sweep and the death
	}
	p := systemtest.StartVariant(t, systemtest.Mortal, role, env)
	p.AwaitEnd("the death at " + string(point))
	if state, _ := p.State().Sys().(syscall.WaitStatus); state.Signal() != syscall.SIGKILL {
		t.Fatalf("at %s the process ended with %s", point, p.State())
	}
	systemtest.Eventually(t, "its last statements", func() bool { // the database goes on with what it has been sent
		return w.Number(`SELECT count(*) FROM pg_stat_activity WHERE application_name = 'mortal' AND datname = current_database()`) == 0
	})
	switch point {
	case failpoint.Dispatched, failpoint.Published: // the time of the message runs out by itself
	case failpoint.InCountLostDelivery: // its message is the one that is redelivered
	default:
		w.EndLeases()
	}
}

// names are the keys of all files of the image.
func names(img wire.Image) []string {
	var keys []string
	for _, file := range systemtest.Files(img) {
		keys = append(keys, systemtest.Key(file))
	}
	slices.Sort(keys)
	return keys
}

// TestDeathAfterCommit kills an API between the commit of a change and its
// announcement: what is committed is seen by others, and worked on.
func TestDeathAfterCommit(t *testing.T) {
	t.Parallel()
	w := systemtest.NewSystem(t)
	w.Env["CACHE_LEASE"] = "5m" // longer than the test waits
	src := systemtest.NewSource(t)
	survivor := systemtest.Start(t, "serve", w.Env).Client()
	send := func(method, path, body string) {
		t.Helper()
		env := maps.Clone(w.Env)
		env["VITRINE_CRASH_AT"] = string(failpoint.Committed)
		p := systemtest.StartVariant(t, systemtest.Mortal, "api", env)
		req, err := http.NewRequestWithContext(t.Context(), method, p.URL()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
			t.Errorf("%s %s was answered %s by a process that should have died", method, path, resp.Status)
		}
		p.AwaitEnd("its death")
	}
	send(http.MethodPost, "/products", `{"user_id":1,"product_name":"Lamp","product_description":"","product_price":1,`+
		`"product_images":["`+src.URL+`/rocket.jpg"]}`)
	path := "/products/" + strconv.FormatInt(w.OnlyProduct(), 10)
	if img := survivor.Finished(path).Images[0]; img.Status != "ready" || img.Attempts != 1 {
		t.Errorf("the image is %s after %d attempts", img.Status, img.Attempts)
	}
	send(http.MethodPatch, path, `{"product_name":"Lantern"}`)
	systemtest.Eventually(t, "the new name at the survivor", func() bool { return survivor.Product(path).Name == "Lantern" })
	send(http.MethodDelete, path, "")
	systemtest.Eventually(t, "the deletion at the survivor", func() bool {
		resp, _ := survivor.Do(http.MethodGet, path, nil, "")
		return resp.StatusCode == http.StatusNotFound
	})
	w.AwaitNoWork()
}

// TestEveryPointKills looks for points at which no test dies.
func TestEveryPointKills(t *testing.T) {
	t.Parallel()
	tested := map[string]bool{
		string(failpoint.Committed):   true,                                  // TestDeathAfterCommit
		string(failpoint.DeleteBegun): true, string(failpoint.Deleted): true, // TestDeathOfACollector
		string(failpoint.Erased):   true, // TestDeathsOfAnErasure
		string(failpoint.BulkPart): true, // TestDeathOfManyProducts
	}
	for _, d := range deaths() {
		for _, p := range d.points {
			tested[string(p)] = true
		}
	}
	for _, p := range importDeaths() { // TestDeathsOfAnImport
		tested[string(p)] = true
	}
	file, err := parser.ParseFile(token.NewFileSet(), "../failpoint/points.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, name := range spec.Names {
			literal, ok := spec.Values[i].(*ast.BasicLit)
			if !ok {
				t.Fatalf("%s is no literal", name)
			}
			point, err := strconv.Unquote(literal.Value)
			if declared++; err != nil || !tested[point] {
				t.Errorf("no test dies at %s (%q)", name, point)
			}
		}
		return true
	})
	if declared < len(tested) {
		t.Errorf("%d points are declared, %d tested", declared, len(tested))
	}
}
