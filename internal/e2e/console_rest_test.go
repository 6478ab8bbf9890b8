package e2e_test

import (
	"maps"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/jackc/pgx/v5"

	"vitrine.dev/internal/systemtest"
	"vitrine.dev/internal/testserver"
)

// What an open tab may cost in restTime while nothing happens.
const (
	restTime       = 10 * time.Second
	restStatements = 5
	restCPU        = 20 * time.Millisecond // of the process that it is open at
)

// TestConsoleAtRest: an open tab costs few statements while nothing happens, and one that is hidden none. make cost
// measures for longer, and the CPU as well.
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
	server := testserver.OwnPostgresWith(t, "shared_preload_libraries=pg_stat_statements", "pg_stat_statements.track_utility=off")
	u := systemtest.ParseURL(t, server.URL())
	env := map[string]string{
		"DB_HOST": u.Hostname(), "DB_PORT": u.Port(), "DB_USER": "vitrine", "DB_PASSWORD": "vitrine", "DB_NAME": "postgres", "DB_SSLMODE": "disable", "LOG_LEVEL": "info",
	}
	db := connect(t, env, env["DB_NAME"])
	execute(t, db, `CREATE EXTENSION pg_stat_statements`)
	s := newConsoleSite(t, env)
	s.create("Vase", "https://pictures.vitrine.test/ready?seed=vase")
	b := openTab(t, s.URL)
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
	hide := func(hidden string) {
		b.do("hide or show the tab", chromedp.Evaluate(`Object.defineProperty(document, "hidden", {value: `+hidden+`, configurable: true});
			document.dispatchEvent(new Event("visibilitychange"))`, nil))
	}
	hide("true")
	systemtest.Pause(t, 2*time.Second)           // what it has begun
	hidden, hiddenCPU := measure("hidden", turn) // as long as when it is open: looks in vain would show
	hide("false")
	systemtest.Pause(t, 2*time.Second) // it has looked at once
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
	maps.DeleteFunc(hidden, func(query string, _ float64) bool { return open[query] <= without[query] })
	if n := beyond(t, turn, hidden, without); n >= 1 {
		t.Errorf("a hidden tab costs %.1f statements in %v", n, restTime)
	}
	if cpu := openCPU - hiddenCPU; measureCPU && cpu > restCPU {
		t.Errorf("an open tab costs %v of CPU in %v, more than %v", cpu, restTime, restCPU)
	}
}

// beyond is how many statements there were of each in restTime beyond those of the others, of which the most count. What came
// once in the turn is a task of the process.
func beyond(t *testing.T, turn time.Duration, statements map[string]float64, others ...map[string]float64) (sum float64) {
	t.Helper()
	const busy = 1.1 // what is done all the time is done a little more or less often on a busy machine
	once := 1.5 * float64(restTime) / float64(turn)
	for query, n := range statements {
		for _, other := range others {
			n = min(n, statements[query]-busy*other[query])
		}
		if n > once {
			t.Logf("%.2f times %.70q", n, query)
			sum += n
		}
	}
	return sum
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
