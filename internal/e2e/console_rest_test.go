package e2e_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/jackc/pgx/v5"

	"vitrine.dev/internal/systemtest"
)

// What an open tab may cost in restTime while nothing happens.
const (
	restTime       = 10 * time.Second
	restStatements = 5
	restCPU        = 20 * time.Millisecond // of the process that it is open at
	// restAtOnce is how soon a tab that is shown again asks: far less than it is told to while nothing happens.
	restAtOnce = 5 * time.Second
)

// TestConsoleAtRest: an open tab costs few statements while nothing happens; one that is hidden sends no request, and asks at
// once when it is shown again. make cost measures for longer, and the CPU as well.
func TestConsoleAtRest(t *testing.T) {
	t.Parallel()
	turn, measureCPU := 10*restTime, false // in which the page looks twice, which beyond needs to see it
	if text := os.Getenv("COST_TURN"); text != "" {
		var err error
		if turn, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
		turn, measureCPU = max(turn, 18*restTime), true
	}
	env := systemtest.OwnPostgres(t, "shared_preload_libraries=pg_stat_statements", "pg_stat_statements.track_utility=off")
	env["LOG_LEVEL"] = "info"
	db := connect(t, env, env["DB_NAME"])
	execute(t, db, `CREATE EXTENSION pg_stat_statements`)
	s := newConsoleSite(t, env)
	s.create("Vase", "https://pictures.vitrine.test/ready?seed=vase")
	b := s.openTab()
	sent := listenToRequests(b)
	s.signIn(b, s.admin, "/console")

	// measure returns what the turn has cost, in proportion to restTime.
	// Something is counted in every turn: a process that is alive says so in the database.
	measure := func(what string, turn time.Duration) (statements map[string]float64, cpu time.Duration) {
		began, before, used := time.Now(), calls(t, db), systemtest.CPU(t, s.pid)
		systemtest.Pause(t, turn)
		whole := float64(time.Since(began)) / float64(restTime)
		cpu = time.Duration(float64(systemtest.CPU(t, s.pid)-used) / whole)
		statements = map[string]float64{}
		all := 0.0
		for query, n := range calls(t, db) {
			statements[query] = float64(n-before[query]) / whole
			all += statements[query]
		}
		if all <= 0 {
			t.Fatalf("%s: no statement was counted in %v", what, turn)
		}
		t.Logf("%s: %v of CPU in %v", what, cpu, restTime)
		return statements, cpu
	}
	// hide returns when the tab was hidden or shown by its own clock, in whole milliseconds: what it sent shortly before is
	// told of later.
	hide := func(hidden string) time.Time {
		var at int64
		b.do("hide or show the tab", chromedp.Evaluate(`(() => {
			const at = Date.now();
			Object.defineProperty(document, "hidden", {value: `+hidden+`, configurable: true});
			document.dispatchEvent(new Event("visibilitychange"));
			return at;
		})()`, &at))
		return time.UnixMilli(at)
	}
	stream := s.URL + "/console/live?often"
	systemtest.Eventually(t, "only the stream", func() bool { return slices.Equal(sent.open(), []string{stream}) })
	from := hide("true")
	systemtest.Eventually(t, "the end of the stream", func() bool { return len(sent.open()) == 0 })
	hidden, hiddenCPU := measure("hidden", turn) // as long as when it is open: looks in vain would show
	if list := sent.since(from); len(list) > 0 {
		t.Errorf("a hidden tab has sent requests for %v", list)
	}
	from = hide("false")
	asks := []string{s.URL + "/console", stream}
	for shown := time.Now(); !containsAll(sent.since(from), asks); systemtest.Pause(t, 10*time.Millisecond) {
		if time.Since(shown) > restAtOnce {
			t.Fatalf("a tab that is shown has asked for %v, not at once for %v", sent.since(from), asks)
		}
	}
	systemtest.Eventually(t, "the end of the look", func() bool { return slices.Equal(sent.open(), []string{stream}) })
	open, openCPU := measure("open", turn)
	b.do("leave", chromedp.Navigate("about:blank"))
	systemtest.Pause(t, 2*time.Second)
	without, _ := measure("closed", turn/2)
	// That an open tab costs something shows that it was measured, and that the same tab would have shown when it was hidden.
	if n := beyond(t, turn, open, hidden, without); n <= 0 {
		t.Error("an open tab has not looked, or its looks were not counted, or the hidden one has looked as often")
	} else if n > restStatements {
		t.Errorf("an open tab costs %.1f statements in %v, more than %d", n, restTime, restStatements)
	} else {
		t.Logf("an open tab costs %.1f statements in %v", n, restTime)
	}
	// Dispatchers, which look less and less often, are not the tab's: it is judged by what an open one asks.
	maps.DeleteFunc(hidden, func(query string, _ float64) bool { return more(turn, open[query], without[query]) <= 0 })
	if n := beyond(t, turn, hidden, without); n >= 1 {
		t.Errorf("a hidden tab costs %.1f statements in %v", n, restTime)
	}
	if cpu := openCPU - hiddenCPU; measureCPU && cpu > restCPU {
		t.Errorf("an open tab costs %v of CPU in %v, more than %v", cpu, restTime, restCPU)
	}
}

// requests are those that a tab has sent.
type requests struct {
	mu    sync.Mutex
	all   []string    // their URLs
	at    []time.Time // when each was sent, by the browser's clock
	begun map[network.RequestID]string
}

// listenToRequests keeps what the tab asks for from now on.
func listenToRequests(b *tab) *requests {
	b.t.Helper()
	r := &requests{begun: map[network.RequestID]string{}}
	b.do("listen to requests", network.Enable())
	chromedp.ListenTarget(b.ctx, func(event any) {
		r.mu.Lock()
		defer r.mu.Unlock()
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if strings.HasPrefix(e.Request.URL, "http") { // the icon is in the page
				r.all, r.at = append(r.all, e.Request.URL), append(r.at, e.WallTime.Time())
				r.begun[e.RequestID] = e.Request.URL
			}
		case *network.EventLoadingFinished:
			delete(r.begun, e.RequestID)
		case *network.EventLoadingFailed:
			delete(r.begun, e.RequestID)
		}
	})
	return r
}

// since returns the URLs of the requests that were not sent before from.
func (r *requests) since(from time.Time) (urls []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, url := range r.all {
		if !r.at[i].Before(from) {
			urls = append(urls, url)
		}
	}
	return urls
}

// open returns the URLs of those that have not ended.
func (r *requests) open() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Values(r.begun))
}

func containsAll(list, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(one string) bool { return !slices.Contains(list, one) })
}

// beyond is how many statements there were of each in restTime beyond those of the others, of which the most count.
func beyond(t *testing.T, turn time.Duration, statements map[string]float64, others ...map[string]float64) (sum float64) {
	t.Helper()
	for query, n := range statements {
		most := 0.0
		for _, other := range others {
			most = max(most, other[query])
		}
		if n := more(turn, n, most); n > 0 {
			t.Logf("%.2f times %.70q", n, query)
			sum += n
		}
	}
	return sum
}

// more is how much more often n is than other, or 0: what is done all the time is done a little more or less often on a busy
// machine, and what came once in the turn is a task of the process.
func more(turn time.Duration, n, other float64) float64 {
	const busy = 1.1
	if beyond := n - busy*other; beyond > 1.5*float64(restTime)/float64(turn) {
		return beyond
	}
	return 0
}

// calls is how often each statement was called.
func calls(t *testing.T, db *pgx.Conn) map[string]int64 {
	t.Helper()
	rows, err := db.Query(t.Context(), `SELECT query, sum(calls)::BIGINT FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%' GROUP BY query`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	counts := map[string]int64{}
	for rows.Next() {
		var query string
		var n int64
		if err := rows.Scan(&query, &n); err != nil {
			t.Fatal(err)
		}
		counts[query] = n
	}
	if err := rows.Err(); err != nil || len(counts) == 0 {
		t.Fatalf("no statement was counted: %v", err)
	}
	return counts
}
