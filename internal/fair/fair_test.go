package fair_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"vitrine.dev/internal/systemtest"
)

func TestMain(m *testing.M) { systemtest.Main(m) }

// row is a line of the table: others' pictures beside a workload.
type row struct {
	name    string
	limit   time.Duration                      // for the slowest picture; or five times what it takes on an idle system
	variant systemtest.Variant                 // of the program
	load    func(w *world)                     // starts the workload
	host    func(w *world, n int) (url string) // the n-th picture beside it
	loaded  func(w *world, when string)        // wants the workload to be there still
}

var rows = []row{
	{"hanging", 10 * time.Second, systemtest.Program, func(w *world) { w.begin(1, 500, w.hanging) }, (*world).unseen, (*world).goesOn},
	{"hanging-8", 30 * time.Second, systemtest.Program, func(w *world) { w.begin(8, 500, w.hanging) }, (*world).unseen, (*world).goesOn},
	{"slow", 10 * time.Second, systemtest.Program, func(w *world) { w.begin(1, 400, w.slow) }, (*world).unseen, (*world).goesOn},
	{"heavy", 10 * time.Second, systemtest.Defective(systemtest.HostileDecoder), func(w *world) { w.begin(1, 6, w.heavy) }, (*world).unseen, (*world).goesOn},
	{"import", 5 * time.Second, systemtest.Program, (*world).importing, (*world).unseen, (*world).goesOn},
	{"file", 5 * time.Second, systemtest.Program, (*world).importingFile, (*world).unseen, (*world).fileGoesOn},
	{"file-images", 5 * time.Second, systemtest.Program, (*world).importingImages, (*world).unseen, (*world).fileGoesOn},
	{"failing", 30 * time.Second, systemtest.Program, (*world).failing, (*world).besideFailing, (*world).goesOn},
}

// shape is how the program is installed.
type shape struct {
	name    string
	install func(*testing.T, map[string]string) *systemtest.Installation
}

var shapes = []shape{{"embedded", systemtest.Embedded}, {"servers", systemtest.Distributed}}

// TestFair is the table.
func TestFair(t *testing.T) { //nolint:paralleltest // each row has the machine to itself
	number(t, "FAIR_IMPORT")
	for _, s := range shapes {
		for _, r := range rows {
			t.Run(s.name+"/"+r.name, func(t *testing.T) {
				w := newWorld(t, s, 2*measured+10)
				w.Start(r.variant)
				if err := w.ready(t.Context(), w.user(), w.unseen(0)); err != nil { // each part has worked
					t.Fatal(err)
				}
				idle := w.pictures("idle", 250*time.Millisecond, (*world).unseen)
				w.limit = max(r.limit, 5*idle)
				r.load(w)
				r.loaded(w, "before")
				worst := w.pictures("beside "+r.name, 1500*time.Millisecond, r.host)
				r.loaded(w, "after")
				w.also.Wait()
				t.Logf("%s/%s: idle %.2f s, beside it %.2f s, at most %.1f s", s.name, r.name, idle.Seconds(), worst.Seconds(), w.limit.Seconds())
				if worst > w.limit {
					t.Errorf("another user's picture took %s", worst)
				}
			})
		}
		t.Run(s.name+"/alone", func(t *testing.T) { alone(t, s) })
	}
}

// number reads a variable. It skips the test where there is none.
func number(t *testing.T, name string) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		t.Skip("measures for minutes: make fair")
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < perProduct {
		t.Fatalf("%s is %q", name, text)
	}
	return n
}
