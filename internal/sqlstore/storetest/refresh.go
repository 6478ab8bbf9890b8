package storetest

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/filtered"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/refresh"
)

// refreshJob makes a job over all that the filter selects now.
func refreshJob(t *testing.T, s Store, f refresh.Filter) job.Job {
	t.Helper()
	n, asOf, err := s.CountReady(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	j, err := filtered.New(refresh.KindRefresh, f, false)
	if err != nil {
		t.Fatal(err)
	}
	j.Total, j.AsOf, j.RequestID = n, asOf, "req-9"
	j, err = s.CreateJob(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// allShown has all that waits shown, whatever it is.
func allShown(t *testing.T, s Store) {
	t.Helper()
	for _, c := range beginAll(t, s) {
		complete(t, s, c, fmt.Sprintf("k%d", c.ImageID))
	}
}

// testRefreshJob: a job goes on where a process that died has left it, fetches each image
// once, and nothing that was created or fetched again since; what products show stays.
func testRefreshJob(t *testing.T, s Store) {
	t.Helper()
	var products []catalog.Product
	for i := range 3 {
		products = append(products, create(t, s, fmt.Sprintf("http://a.example/%d.jpg", i), fmt.Sprintf("http://b.example/%d.jpg", i), fmt.Sprintf("http://a.example/%d.png", i)))
	}
	allShown(t, s)
	waits := create(t, s, "http://a.example/waits.jpg")
	for i, p := range products {
		products[i] = read(t, s, p.ID)
	}
	made := refreshJob(t, s, refresh.Filter{Host: "a.example", UserID: user})
	if made.Total != 6 {
		t.Errorf("%d images were selected", made.Total)
	}
	tick(t)
	late := create(t, s, "http://a.example/late.jpg")
	allShown(t, s)
	first := products[0]
	if err := s.RefreshImage(t.Context(), first.ID, first.Images[0].ID, Anyone, ""); err != nil { // another is first
		t.Fatal(err)
	}
	newEvents(t, s)
	dead := lease(t, s, "dead")
	if got, err := s.AdvanceRefresh(t.Context(), batch(dead, "dead", 2)); err != nil || got.Done != 2 || got.State != job.Running {
		t.Fatalf("the first step: %+v, %v", got, err)
	}
	if err := s.EndLeases(t.Context()); err != nil {
		t.Fatal(err)
	}
	lease(t, s, "heir")
	_, err := s.AdvanceRefresh(t.Context(), batch(made, "dead", 2))
	wantKind(t, err, fault.Conflict)
	allShown(t, s) // what is done meanwhile is not fetched again
	var end job.Job
	for steps := 0; end.State != job.Done; steps++ {
		if end, err = s.AdvanceRefresh(t.Context(), batch(made, "heir", 2)); err != nil || steps > 20 {
			t.Fatalf("step %d: %+v, %v", steps, end, err)
		}
	}
	if end.Done != 6 { // and the one that has become ready in between
		t.Errorf("it ended as %+v", end)
	}
	wantRefreshed := map[int64]bool{products[1].Images[2].ID: true, products[2].Images[0].ID: true, products[2].Images[2].ID: true, waits.Images[0].ID: true}
	got := map[int64]bool{}
	for _, j := range jobs(t, s) {
		if c := begin(t, s, j); c.Kind != media.Refresh || c.RequestID != "req-9" {
			t.Errorf("begun as %+v", c)
		}
		got[j.ImageID] = true
	}
	if !reflect.DeepEqual(got, wantRefreshed) {
		t.Errorf("images %v wait in the end, want %v", got, wantRefreshed)
	}
	if p := read(t, s, late.ID); p.Images[0].Status != catalog.Ready {
		t.Errorf("what came later is %+v", p.Images[0])
	}
	if now := read(t, s, products[2].ID); !reflect.DeepEqual(now, products[2]) {
		t.Errorf("a product was %+v, and is %+v", products[2], now)
	}
}

// testRefreshFilters: what each filter selects, counted and done.
func testRefreshFilters(t *testing.T, s Store) {
	t.Helper()
	other, _ := rich(t, s, 2) // of two images each
	mine := create(t, s, "http://a.example/1.jpg", "http://b.example:8080/2.jpg")
	empty := create(t, s)
	allShown(t, s)
	tick(t)
	second := create(t, s, "http://a.example/3.jpg")
	allShown(t, s)
	since := read(t, s, second.ID).Images[0].UpdatedAt
	broken(t, s, fault.SourceNotFound, "http://a.example/gone.jpg")
	for name, c := range map[string]struct {
		filter refresh.Filter
		want   int64
	}{
		"all":           {refresh.Filter{}, 7},
		"a user":        {refresh.Filter{UserID: user}, 3},
		"another":       {refresh.Filter{UserID: other.ID}, 4},
		"no user":       {refresh.Filter{UserID: 4711}, 0},
		"host":          {refresh.Filter{Host: "b.example:8080"}, 1},
		"host and user": {refresh.Filter{Host: "a.example", UserID: user}, 2},
		"products":      {refresh.Filter{ProductIDs: []int64{mine.ID, second.ID, empty.ID, 4711}}, 3},
		"another's":     {refresh.Filter{ProductIDs: []int64{mine.ID}, UserID: other.ID}, 0},
		"before":        {refresh.Filter{UpdatedBefore: since}, 6},
		"before it too": {refresh.Filter{UpdatedBefore: since.Add(time.Nanosecond), UserID: user}, 3},
	} {
		made := refreshJob(t, s, c.filter)
		lease(t, s, "h")
		var end job.Job
		var err error
		for steps := 0; end.State != job.Done; steps++ {
			if end, err = s.AdvanceRefresh(t.Context(), batch(made, "h", 3)); err != nil || steps > 20 {
				t.Fatalf("%s, step %d: %+v, %v", name, steps, end, err)
			}
		}
		if made.Total != c.want || end.Done != c.want {
			t.Errorf("%s: counted %d, did %d, want %d", name, made.Total, end.Done, c.want)
		}
		if n := len(beginAllUnchanged(t, s)); int64(n) != c.want {
			t.Errorf("%s: %d images were fetched again, want %d", name, n, c.want)
		}
		tick(t)
	}
}

// beginAllUnchanged begins what waits, and finds each source as it was.
func beginAllUnchanged(t *testing.T, s Store) []media.Claim {
	t.Helper()
	claims := beginAll(t, s)
	for _, c := range claims {
		if err := s.Unchanged(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	return claims
}
