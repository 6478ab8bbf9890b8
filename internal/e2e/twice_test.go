package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"vitrine.dev/internal/media"
)

// heldSource is a host whose pictures under /held/ come only when released: to
// whoever asks for one first. Later ones get another picture, and at once.
type heldSource struct {
	*httptest.Server

	asked   chan string // paths, as they are asked for
	release func()
}

func newHeldSource(t *testing.T) *heldSource {
	t.Helper()
	src, err := url.Parse(newSource(t).URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(src)
	released := make(chan struct{})
	h := &heldSource{asked: make(chan string, 100), release: sync.OnceFunc(func() { close(released) })}
	var seen sync.Map
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.asked <- r.URL.Path
		number, held := strings.CutPrefix(r.URL.Path, "/held/")
		if held {
			r.URL.Path = "/n/" + number
			if _, again := seen.LoadOrStore(number, true); again {
				r.URL.Path += "-later"
			} else {
				<-released
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(h.Close)
	t.Cleanup(h.release)
	return h
}

func nothingToDo(l logLine) bool { return l["msg"] == "image job has nothing to do" }
func superseded(l logLine) bool  { return l["msg"] == "image job superseded" }

// TestJobTwiceAtOnce delivers one job nine times to two workers: four times
// while the first is at work, four times after it. It is done once.
func TestJobTwiceAtOnce(t *testing.T) {
	t.Parallel()
	w, src := newWorld(t), newHeldSource(t)
	path := w.create(t, src.URL+"/held/1")
	workers := []*process{start(t, "serve", w.env), start(t, "worker", w.env)}
	again := func(total int) {
		t.Helper()
		job := media.Job{ImageID: w.number(t, `SELECT id FROM images`), ProductID: w.onlyProduct(t), Generation: 1}
		for range 4 {
			w.publish(t, mainQueue, string(job.Encode()))
		}
		eventually(t, "the repetitions to be handled", func() bool {
			return workers[0].count(nothingToDo)+workers[1].count(nothingToDo) == total
		})
	}
	<-src.asked
	again(4)
	if n := w.number(t, `SELECT attempts FROM images`); n != 1 {
		t.Errorf("%d attempts are counted while the first is at work", n)
	}
	src.release()
	c := client{t, workers[0].url()}
	img := c.settled(path).Details[0]
	again(8)
	if img.Status != "ready" || img.Attempts != 1 || len(src.asked) != 0 {
		t.Errorf("the image is %s after %d attempts, and was fetched %d times more", img.Status, img.Attempts, len(src.asked))
	}
	checkBytes(c, img.Compressed)
	if v := w.version(t); v != 3 {
		t.Errorf("the product is at version %d, want 3: begun and completed once", v)
	}
	if got, want := w.objects(t), names(img); !slices.Equal(got, want) {
		t.Errorf("stored are %v, want %v", got, want)
	}
}

// TestJobTakenOver lets the lease of a job end before its worker notices, as
// after a long pause of its machine. The job is done again meanwhile, on other
// bytes; what the first comes to complete is not published.
func TestJobTakenOver(t *testing.T) {
	t.Parallel()
	w, src := newWorld(t), newHeldSource(t)
	path := w.create(t, src.URL+"/held/1")
	late := start(t, "worker", w.env)
	<-src.asked
	w.endLeases(t)
	c := client{t, start(t, "serve", w.env).url()}
	first := c.settled(path)

	src.release()
	late.logged("that it came too late", superseded)
	img := c.product(path).Details[0]
	if img.Status != "ready" || img.Attempts != 2 || img.Compressed.URL != first.Details[0].Compressed.URL {
		t.Errorf("the image went from %+v to %+v", first.Details[0], img)
	}
	checkBytes(c, img.Compressed)
	if v := w.version(t); v != 5 {
		t.Errorf("the product is at version %d, want 5: begun, taken back, begun, completed", v)
	}
	if n := w.number(t, `SELECT count(*) FROM renditions`); n != 1 {
		t.Errorf("%d renditions are published, want 1", n)
	}
}
