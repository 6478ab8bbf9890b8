package e2e_test

import (
	"slices"
	"testing"

	"vitrine.dev/internal/media"
	"vitrine.dev/internal/systemtest"
)

func nothingToDo(l systemtest.LogLine) bool { return l["msg"] == "image job has nothing to do" }
func superseded(l systemtest.LogLine) bool  { return l["msg"] == "image job superseded" }

// TestJobTwiceAtOnce delivers one job nine times to two workers: four times
// while the first is at work, four times after it. It is done once.
func TestJobTwiceAtOnce(t *testing.T) {
	t.Parallel()
	w, src := systemtest.NewSystem(t), systemtest.NewSource(t)
	w.Env["FETCH_TIMEOUT"] = "10m"
	path := w.Create(src.URL + "/held/1")
	workers := []*systemtest.Process{systemtest.Start(t, "serve", w.Env), systemtest.Start(t, "worker", w.Env)}
	var job media.Job
	again := func(total int) {
		t.Helper()
		for range 4 {
			w.Publish(systemtest.MainQueue, string(job.Encode()))
		}
		systemtest.Eventually(t, "the repetitions to be handled", func() bool {
			return workers[0].Count(nothingToDo)+workers[1].Count(nothingToDo) == total
		})
	}
	<-src.Held
	job = media.Job{
		ImageID: w.Number(`SELECT id FROM images`), ProductID: w.OnlyProduct(), Generation: 1, Token: w.Number(`SELECT dispatched_until FROM images`),
	}
	again(4)
	if n := w.Number(`SELECT attempts FROM images`); n != 1 {
		t.Errorf("%d attempts are counted while the first is at work", n)
	}
	src.Release()
	c := workers[0].Client()
	img := c.Finished(path).Images[0]
	again(8)
	if img.Status != "ready" || img.Attempts != 1 || len(src.Held) != 0 {
		t.Errorf("the image is %s after %d attempts, and was fetched %d times more", img.Status, img.Attempts, len(src.Held))
	}
	checkBytes(c, *img.Compressed)
	if v := w.Revision(); v != 2 {
		t.Errorf("the product is at revision %d, want 2: completed once", v)
	}
	if got, want := w.Objects(), names(img); !slices.Equal(got, want) {
		t.Errorf("stored are %v, want %v", got, want)
	}
}

// TestJobTakenOver lets the lease of a job end before its worker notices, as
// after a long pause of its machine. The job is done again meanwhile, on other
// bytes; what the first comes to complete is not published.
func TestJobTakenOver(t *testing.T) {
	t.Parallel()
	w, src := systemtest.NewSystem(t), systemtest.NewSource(t)
	w.Env["FETCH_TIMEOUT"] = "10m"
	path := w.Create(src.URL + "/held/1")
	late := systemtest.Start(t, "worker", w.Env)
	<-src.Held
	w.EndLeases()
	c := systemtest.Start(t, "serve", w.Env).Client()
	first := c.Finished(path)

	src.Release()
	late.Logged("that it came too late", superseded)
	img := c.Product(path).Images[0]
	if img.Status != "ready" || img.Attempts != 2 || img.Compressed.URL != first.Images[0].Compressed.URL {
		t.Errorf("the image went from %+v to %+v", first.Images[0], img)
	}
	checkBytes(c, *img.Compressed)
	if v := w.Revision(); v != 3 {
		t.Errorf("the product is at revision %d, want 3: taken back and completed", v)
	}
	if n := w.Number(`SELECT count(*) FROM renditions`); n != 1 {
		t.Errorf("%d renditions are published, want 1", n)
	}
}
