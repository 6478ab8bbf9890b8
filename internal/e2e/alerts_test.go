package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	amqp "github.com/rabbitmq/amqp091-go"

	"vitrine.dev/internal/systemtest"
	"vitrine.dev/internal/testserver"
)

// shortened are the rules with windows of seconds in place of minutes to days, so that what they
// say can be seen within minutes.
func shortened(t *testing.T) (rules string, alerts []string) {
	t.Helper()
	text, err := os.ReadFile("../../deploy/prometheus/rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	windows := map[string]string{"5m": "10s", "10m": "15s", "30m": "12s", "1h": "15s", "2h": "20s", "6h": "20s", "1d": "25s", "3d": "30s"}
	rules = regexp.MustCompile(`\[(\w+)\]`).ReplaceAllStringFunc(string(text), func(window string) string {
		short, known := windows[strings.Trim(window, "[]")]
		if !known {
			t.Fatalf("the window %s is not known", window)
		}
		return "[" + short + "]"
	})
	rules = regexp.MustCompile(`(?m)^( +for: )\w+$`).ReplaceAllString(rules, "${1}2s")
	for long, short := range map[string]string{"> 3600": "> 10", "_seconds) > 30": "_seconds) > 5", "> 50": "> 5"} {
		if strings.Count(rules, long) != 1 {
			t.Fatalf("the rules have %q %d times", long, strings.Count(rules, long))
		}
		rules = strings.ReplaceAll(rules, long, short)
	}
	for _, m := range regexp.MustCompile(`alert: (\w+)`).FindAllStringSubmatch(rules, -1) {
		alerts = append(alerts, m[1])
	}
	return rules, alerts
}

// watch is a Prometheus that evaluates the rules.
type watch struct {
	t     *testing.T
	url   string
	fired map[string]bool
}

func newWatch(t *testing.T, rules string, targets ...string) *watch {
	t.Helper()
	file := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(file, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := json.Marshal(targets)
	if err != nil {
		t.Fatal(err)
	}
	return &watch{t: t, fired: map[string]bool{}, url: testserver.Prometheus(t, fmt.Sprintf(`
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [%s]
scrape_configs:
  - job_name: vitrine
    static_configs: [{targets: %s}]
`, file, list))}
}

// firing are the alerts that fire now.
func (w *watch) firing() (names []string) {
	w.t.Helper()
	reply, body := systemtest.Client{T: w.t, URL: w.url}.Do(http.MethodGet, "/api/v1/alerts", nil, "")
	var answer struct {
		Data struct {
			Alerts []struct {
				State  string
				Labels map[string]string
			}
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil || reply.StatusCode != http.StatusOK {
		w.t.Fatalf("Prometheus answered %d %s, %v", reply.StatusCode, body, err)
	}
	for _, a := range answer.Data.Alerts {
		if a.State == "firing" {
			names = append(names, a.Labels["alertname"])
			w.fired[a.Labels["alertname"]] = true
		}
	}
	return names
}

// evaluated reports whether the rules have results of what was scraped.
func (w *watch) evaluated() bool {
	w.t.Helper()
	_, body := systemtest.Client{T: w.t, URL: w.url}.Do(http.MethodGet, "/api/v1/query?query=vitrine:pictures:late_ratio_5m", nil, "")
	return strings.Contains(string(body), `"value"`)
}

// await does work until each of the alerts has fired.
func (w *watch) await(work func(), alerts ...string) {
	w.t.Helper()
	for _, a := range alerts {
		delete(w.fired, a)
	}
	defer func() { w.t.Logf("%v: fired so far: %v", alerts, slices.Sorted(maps.Keys(w.fired))) }()
	systemtest.Within(w.t, 3*time.Minute, fmt.Sprintf("the alerts %v", alerts), func() bool {
		work()
		w.firing()
		return !slices.ContainsFunc(alerts, func(a string) bool { return !w.fired[a] })
	})
}

func nothing() {}

// TestAlerts has each alert of the rules fire on the real servers, by what it is about, and none
// before.
func TestAlerts(t *testing.T) {
	if os.Getenv("VITRINE_ALERTS") != "1" {
		t.Skip("it takes minutes: make alerts")
	}
	rules, alerts := shortened(t)
	servers, src := systemtest.NewServers(t), systemtest.NewSource(t)
	env := servers.Env()
	maps.Copy(env, map[string]string{"JOB_MAX_ATTEMPTS": "1", "DRAIN_TIMEOUT": "2s", "LOG_LEVEL": "info"})
	systemtest.Run(t, "migrate", env)
	start := func(role string) (p *systemtest.Process, admin string) {
		own := maps.Clone(env)
		admin = testserver.Address(t)
		own["ADMIN_ADDR"] = admin
		return systemtest.Start(t, role, own), admin
	}
	api, apiAdmin := start("api")
	worker, workerAdmin := start("worker")
	c := systemtest.Client{T: t, URL: api.URL()}
	watch := newWatch(t, rules, apiAdmin, workerAdmin)
	picture := 0
	create := func(n int) (path string) {
		var urls []string
		for range n {
			picture++
			urls = append(urls, fmt.Sprintf("%s/n/%d", src.URL, picture))
		}
		return c.Create("Lamp", urls...)
	}
	c.Finished(create(5))
	systemtest.Within(t, time.Minute, "the rules are evaluated, and no alert fires", func() bool {
		c.Finished(create(1))
		return watch.evaluated() && len(watch.firing()) == 0
	})
	for range 20 {
		c.Finished(create(1))
		if those := watch.firing(); len(those) > 0 {
			t.Fatalf("while all is well, these fire: %v", those)
		}
		systemtest.Pause(t, 500*time.Millisecond)
	}
	watch.fired = map[string]bool{}

	db, err := pgx.Connect(t.Context(), servers.ByPart[systemtest.Database].URL())
	if err != nil {
		t.Fatal(err)
	}
	begin := func(statement string) pgx.Tx {
		tx, err := db.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		return tx
	}
	watch.await(func() { // creates wait for a lock
		tx := begin(`LOCK TABLE products IN SHARE MODE`)
		ended := make(chan error, 1)
		time.AfterFunc(400*time.Millisecond, func() { ended <- tx.Commit(t.Context()) })
		create(0)
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}, "VitrineCreatesBurnFast", "VitrineCreatesBurnSlowly")

	held := begin(`SELECT pg_current_xact_id()`) // what writes holds the log of events
	create(0)
	watch.await(nothing, "VitrineReaderLag")
	if err := errors.Join(held.Rollback(t.Context()), db.Close(t.Context())); err != nil {
		t.Fatal(err)
	}

	var broken []string // no one listens at these hosts
	for range 5 {
		host := testserver.Address(t)
		for n := range 6 {
			broken = append(broken, fmt.Sprintf("http://%s/%d.jpg", host, n))
		}
	}
	for some := range slices.Chunk(broken, 10) {
		c.Create("Broken", some...)
	}
	watch.await(nothing, "VitrineHostsDoNotAnswer", "VitrineDeadLetters")

	queue, err := amqp.Dial(servers.ByPart[systemtest.Broker].URL())
	if err != nil {
		t.Fatal(err)
	}
	defer queue.Close()
	channel, err := queue.Channel()
	if err != nil {
		t.Fatal(err)
	}
	err = channel.PublishWithContext(t.Context(), "", systemtest.DeadQueue, true, false, amqp.Publishing{Body: []byte("no job")})
	if err != nil {
		t.Fatal(err)
	}
	watch.await(nothing, "VitrineUnreadableMessages")

	servers.ByPart[systemtest.Storage].Kill(t)
	create(3)
	watch.await(nothing, "VitrineOwnFailures")
	servers.ByPart[systemtest.Storage].Start(t)

	worker.Stop()
	began := time.Now()
	var waits []string
	for range 30 { // so many that the worker is seen while it works on them
		waits = append(waits, create(10))
	}
	watch.await(nothing, "VitrineNoWorker", "VitrineNoProgress", "VitrineOldestJob")
	systemtest.Pause(t, 62*time.Second-time.Since(began))
	if err := worker.Start(); err != nil {
		t.Fatal(err)
	}
	watch.await(nothing, "VitrinePicturesBurnFast", "VitrinePicturesBurnSlowly")

	for _, path := range waits {
		c.Finished(path)
	}

	servers.ByPart[systemtest.Database].Kill(t)
	watch.await(func() { c.Do(http.MethodGet, "/products?user_id=1", nil, "") },
		"VitrineRequestsBurnFast", "VitrineRequestsBurnSlowly", "VitrineNotSampled")
	servers.ByPart[systemtest.Database].Start(t)

	if got, want := slices.Sorted(maps.Keys(watch.fired)), slices.Sorted(slices.Values(alerts)); !slices.Equal(got, want) {
		t.Errorf("these have fired: %v, of %v", got, want)
	}
}
