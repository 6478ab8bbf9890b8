package storetest

import (
	"cmp"
	"context"
	"slices"
	"testing"
	"time"

	"vitrine.dev/internal/attempts"
	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/bulk"
	"vitrine.dev/internal/bulk/export"
	"vitrine.dev/internal/bulk/imports"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/erasure"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/feed"
	"vitrine.dev/internal/findings"
	"vitrine.dev/internal/fsck"
	"vitrine.dev/internal/installation"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/processes"
	"vitrine.dev/internal/refresh"
	"vitrine.dev/internal/signing"
	"vitrine.dev/internal/statistics"
	"vitrine.dev/internal/upload"
	"vitrine.dev/internal/webhook"
)

// Store is all that a database does for the domain.
type Store interface {
	catalog.Store
	catalog.Keys
	bulk.Store
	ExpireBulkKeys(ctx context.Context, limit int) (removed int, err error)
	export.Store
	auth.Store
	auth.Lookup
	signing.Store
	media.Store
	attempts.Store
	events.Log
	events.Positions
	events.Remover
	feed.Log
	dispatch.Store
	dispatch.InspectorStore
	fsck.Store
	erasure.Store
	failures.Store
	findings.Store
	refresh.Store
	job.Store
	imports.Store
	installation.Store
	processes.Store
	statistics.Store
	processes.Leases
	upload.Store
	webhook.Store
	webhook.Outbox
	EndLeases(ctx context.Context) error
	WakeOwn(ctx context.Context) <-chan struct{}
}

// user is the one that the migrations create.
const user = 1

// RunProducts runs the part of the suite that needs products only, also for
// stand-ins; open returns a store of the test's own, empty but for user 1.
func RunProducts(t *testing.T, open func(t *testing.T) catalog.Store) {
	t.Helper()
	runAll(t, open, false, []suite[catalog.Store]{
		{"prices", testPrices},
		{"text", testText},
		{"list", testList},
		{"list by bytes", testListBytes},
		{"search", testSearch},
		{"paging", testPaging},
		{"find", Find},
		{"once for each user and key", testOnceScope},
	})
	runAll(t, open, true, []suite[catalog.Store]{
		{"revise races", testReviseRaces},
		{"edits at once", testEditsAtOnce},
		{"changes at once", testChangesAtOnce},
		{"protected changes at once", testProtectedChangesAtOnce},
	})
}

// suite is a test of the suite.
type suite[S any] struct {
	name string
	test func(t *testing.T, s S)
}

// runAll runs tests at once, each on a store of its own. -short leaves the long ones out: most
// make a race likely by repeating it.
func runAll[S any](t *testing.T, open func(t *testing.T) S, long bool, all []suite[S]) {
	t.Helper()
	for _, one := range all {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			if long && testing.Short() {
				t.Skip("-short: it takes seconds")
			}
			one.test(t, open(t))
		})
	}
}

// Run runs the suite; open returns a migrated store of the test's own, empty but
// for the users.
func Run(t *testing.T, open func(t *testing.T) Store) {
	t.Helper()
	RunProducts(t, func(t *testing.T) catalog.Store { t.Helper(); return open(t) })
	runAll(t, open, false, quickSuites())
	runAll(t, open, true, slowSuites())
}

func create(t *testing.T, s catalog.Store, images ...string) catalog.Product {
	t.Helper()
	p, err := s.CreateProduct(t.Context(), catalog.NewProduct{
		UserID: user, Name: "Smartphone", Description: "Latest model", Images: images, Price: 99999, RequestID: "req-1",
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func read(t *testing.T, s catalog.Store, id int64) catalog.Product {
	t.Helper()
	p, err := s.Product(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func wantKind(t *testing.T, err error, want fault.Kind) {
	t.Helper()
	if got := fault.KindOf(err); err == nil || got != want {
		t.Fatalf("error %v is of kind %s, want %s", err, got, want)
	}
}

// newEvents returns the events since the last call: the position is kept as that
// of a reader.
func newEvents(t *testing.T, s Store) []events.Event {
	t.Helper()
	const reader = "suite"
	position, err := s.LeaseReader(t.Context(), reader, reader, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	end, err := s.Mark(t.Context(), position)
	if err != nil {
		t.Fatal(err)
	}
	page, err := s.Read(t.Context(), position, end.To, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SaveReader(t.Context(), reader, reader, end.To, time.Minute); err != nil {
		t.Fatal(err)
	}
	return page.Events
}

// jobs dispatches every image that is due, and returns the jobs by their images.
func jobs(t *testing.T, s Store) []media.Job {
	t.Helper()
	list := []media.Job{}
	for more := step(t, s, dispatch.LineWindow, time.Hour); len(more) > 0; more = step(t, s, dispatch.LineWindow, time.Hour) {
		list = append(list, more...)
	}
	slices.SortFunc(list, func(a, b media.Job) int { return cmp.Compare(a.ImageID, b.ImageID) })
	return list
}

// step dispatches at most room images, in the order of the line.
func step(t *testing.T, s Store, room int, life time.Duration) []media.Job {
	t.Helper()
	var taken dispatch.Step
	until(t, "the step is taken", func() (done bool) {
		var err error
		request, plan := dispatch.Single(life, room, 1<<20)
		taken, err = s.DispatchStep(t.Context(), request, plan)
		if err != nil {
			t.Fatal(err)
		}
		return !taken.Busy
	})
	return taken.Jobs
}

// without is the job as it was in an earlier dispatch or will be in a later one.
func without(j media.Job) media.Job {
	j.Token = 0
	return j
}

// claim creates a product of one image and begins it.
func claim(t *testing.T, s Store, lease time.Duration) media.Claim {
	t.Helper()
	create(t, s, "http://a/1.jpg")
	c, err := s.Begin(t.Context(), jobs(t, s)[0], lease)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// until polls, for what the database's clock decides.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain until %s", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
