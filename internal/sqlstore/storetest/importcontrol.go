package storetest

import (
	"fmt"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/bulk/imports"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/job"
)

// testImportControl: a paused import waits, a resumed one goes on where it was, and a cancelled one
// keeps what it has written.
func testImportControl(t *testing.T, s Store) {
	t.Helper()
	var lines []string
	for n := range 150 {
		lines = append(lines, line("", fmt.Sprint("P", n)))
	}
	i := importOf(t, s, imports.Order{}, lines...)
	first := lease(t, s, "h")
	worker := i.worker()
	if _, err := worker.Step(t.Context(), batch(first, "h", 200)); err != nil {
		t.Fatal(err)
	}
	by := auth.Everyone()
	for range 2 {
		if got, err := i.service.Pause(t.Context(), by, i.id); err != nil || got.State() != imports.Paused || got.Read != 100 {
			t.Fatalf("paused: %+v, %v", got, err)
		}
	}
	_, err := worker.Step(t.Context(), batch(first, "h", 200))
	wantKind(t, err, fault.Conflict)
	_, err = s.LeaseJob(t.Context(), "h", time.Minute)
	wantKind(t, err, fault.NotFound)
	if err := s.PurgeJobs(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if got, err := i.service.Resume(t.Context(), by, i.id); err != nil || got.State() != imports.State(imports.Writing) {
		t.Fatalf("resumed: %+v, %v", got, err)
	}
	i.run()
	i.want(imports.Completed, imports.Counts{Read: 150, Created: 150})
	for name, do := range map[string]func() (imports.Import, error){
		"pause":  func() (imports.Import, error) { return i.service.Pause(t.Context(), by, i.id) },
		"resume": func() (imports.Import, error) { return i.service.Resume(t.Context(), by, i.id) },
		"cancel": func() (imports.Import, error) { return i.service.Cancel(t.Context(), by, i.id, false) },
		"images": func() (imports.Import, error) { return i.service.Cancel(t.Context(), by, i.id, true) },
	} {
		if got, err := do(); fault.KindOf(err) != fault.Conflict {
			t.Errorf("%s of one that has ended: %+v, %v", name, got, err)
		}
	}
	i = importOf(t, s, imports.Order{}, lines...)
	if _, err := i.worker().Step(t.Context(), batch(lease(t, s, "h"), "h", 200)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got, err := i.service.Cancel(t.Context(), by, i.id, false); err != nil || got.State() != imports.Aborted {
			t.Fatalf("cancelled: %+v, %v", got, err)
		}
	}
	if len(i.files) != 0 || count(t, s) != 250 {
		t.Errorf("%d files, %d products", len(i.files), count(t, s))
	}
}

// testImportCancelled: images that no worker has begun fail, and those that one has end as they
// do; others' images are left alone.
func testImportCancelled(t *testing.T, s Store) {
	t.Helper()
	other := create(t, s, "http://other.example/1.jpg")
	var lines []string
	for n := range 120 {
		lines = append(lines, line(fmt.Sprint("x", n), "P", "a", "b"))
	}
	i := importOf(t, s, imports.Order{}, lines...)
	lease(t, s, "h")
	if _, err := i.worker().Step(t.Context(), batch(job.Job{ID: i.id}, "h", 200)); err != nil {
		t.Fatal(err)
	}
	all := jobs(t, s)
	begun := begin(t, s, all[len(all)-1])
	if _, err := i.service.Cancel(t.Context(), auth.Everyone(), i.id, true); err != nil {
		t.Fatal(err)
	}
	at := i.get().At
	late := imports.Chunk{From: at, To: at, End: true, Lines: []imports.Line{{Number: 101}}} // its rows were read before
	if got, _, err := s.AdvanceImport(t.Context(), batch(job.Job{ID: i.id}, "h", 200), late); err != nil || got.State() != imports.State(imports.Cancelling) {
		t.Errorf("a step that was under way: %s, %v", got.State(), err)
	}
	i.run()
	i.want(imports.State(imports.Cancelling), imports.Counts{
		Read: 100, Created: 100, ImageCounts: imports.ImageCounts{ImagesWaiting: 1, ImagesFailed: 199},
	})
	if img := read(t, s, i.results()[0].ProductID).Images[0]; img.Status != catalog.Failed || img.Problem.Reason != fault.Cancelled {
		t.Errorf("an image is %+v", img)
	}
	if img := read(t, s, other.ID).Images[0]; img.Status != catalog.Pending {
		t.Errorf("another's image is %+v", img)
	}
	complete(t, s, begun, "k")
	i.run()
	i.want(imports.Aborted, imports.Counts{
		Read: 100, Created: 100, ImageCounts: imports.ImageCounts{ImagesReady: 1, ImagesFailed: 199},
	})
}

// testImportErased: an import ends with its user, whatever it was at, and nothing of it is kept.
func testImportErased(t *testing.T, s Store) {
	t.Helper()
	gone := MoreUsers()[0]
	i := importOf(t, s, imports.Order{Settings: imports.Settings{UserID: gone}}, line("", "A", "a"), line("", ""))
	paused := importOf(t, s, imports.Order{Settings: imports.Settings{UserID: gone}}, line("", "A"))
	if _, err := paused.service.Pause(t.Context(), auth.Everyone(), paused.id); err != nil {
		t.Fatal(err)
	}
	kept := importOf(t, s, imports.Order{}, line("", "A"))
	if _, err := i.worker().Step(t.Context(), batch(lease(t, s, "h"), "h", 200)); err != nil {
		t.Fatal(err)
	}
	made, err := auth.NewAccounts(s).EraseUser(t.Context(), admin(), gone)
	if err != nil {
		t.Fatal(err)
	}
	if j, err := i.worker().Step(t.Context(), batch(job.Job{ID: i.id}, "h", 200)); err != nil || j.State != job.Aborted {
		t.Errorf("a step of an import whose user is being erased: %+v, %v", j, err)
	}
	if next := lease(t, s, "h"); next.ID != kept.id {
		t.Fatalf("leased %+v", next)
	}
	lease(t, s, "h")
	for steps := 0; made.State == job.Running; steps++ {
		if made, _, err = s.AdvanceErasure(t.Context(), batch(made, "h", 1)); err != nil || steps > 20 {
			t.Fatalf("step %d: %+v, %v", steps, made, err)
		}
	}
	for _, id := range []int64{i.id, paused.id} {
		_, err := s.Import(t.Context(), id)
		wantKind(t, err, fault.NotFound)
		if list, err := s.ImportResults(t.Context(), id, 0, 10); err != nil || len(list) > 0 {
			t.Errorf("results are left: %+v, %v", list, err)
		}
		if j, err := s.Job(t.Context(), id); err != nil || j.State != job.Aborted {
			t.Errorf("the job is %+v, %v", j, err)
		}
	}
	if got := kept.get(); got.Job.State != job.Running {
		t.Errorf("another's import is %+v", got)
	}
}

// testImportPurged: with the job of an import its results go, and its file is no one's any more.
func testImportPurged(t *testing.T, s Store) {
	t.Helper()
	i := importOf(t, s, imports.Order{}, line("", "A"), line("", "B"))
	key := i.get().Key
	if used, err := s.ImportFiles(t.Context(), []string{"imports/other", key}); err != nil || len(used) != 1 || used[0] != key {
		t.Errorf("files %v are used, %v", used, err)
	}
	i.run()
	tick(t)
	if used, err := s.ImportFiles(t.Context(), []string{key}); err != nil || len(used) != 0 {
		t.Errorf("files %v are used, %v", used, err)
	}
	left := importOf(t, s, imports.Order{}, line("", "C"))
	if err := s.PurgeJobs(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	var removed []int
	for n := 1; n > 0; {
		var err error
		if n, err = s.PurgeImports(t.Context(), 1); err != nil || len(removed) > 10 {
			t.Fatal(removed, err)
		}
		removed = append(removed, n)
	}
	if list, err := s.Imports(t.Context(), user, 0, 10); err != nil || len(list) != 1 || list[0].ID != left.id || len(removed) != 4 {
		t.Errorf("left are %+v after %v, %v", list, removed, err)
	}
}

// testImportRate: a step lets in as many images as it may, and rows without any pass.
func testImportRate(t *testing.T, s Store) {
	t.Helper()
	i := importOf(t, s, imports.Order{ImageRate: 5}, line("", "A", "a", "b"), line("", "B"), line("", "C", "c"), line("", "D", "d"), line("", "E"))
	lease(t, s, "h")
	for _, want := range []struct{ done, read int64 }{{2, 2}, {3, 3}, {4, 5}} {
		j, err := i.worker().Step(t.Context(), batch(job.Job{ID: i.id}, "h", 1))
		if got := i.get(); err != nil || j.Done != want.done || got.Read != want.read {
			t.Fatalf("%d images are let in with %d rows, want %+v; %v", j.Done, got.Read, want, err)
		}
	}
}
