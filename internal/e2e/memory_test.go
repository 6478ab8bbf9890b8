package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/imaging/engine"
	"vitrine.dev/internal/imaging/imagingtest"
	"vitrine.dev/internal/systemtest"
)

// The limits of the worker that is measured, and what it is given.
const (
	worstAtOnce   = 20
	worstSlots    = 24   // an eighth is kept for other users
	worstSide     = 3000 // of a picture: IMAGE_MAX_PIXELS by the square
	worstBudget   = 2 * worstSide * worstSide
	worstMaxBytes = 4_000_000
)

// memoryBound is the formula of docs/operations.md.
func memoryBound(renders, maxBytes, budget, maxPixels, heaviest int64) int64 {
	const process = 64 << 20 // of each that renders, at rest
	const parent = 128 << 20
	const express, least = 8_000_000, 12_600_000 // pixels
	pixels := express + max(budget, heaviest*maxPixels, least)
	sources := 2*(64<<20+max(128<<20, renders*32<<20)) + 3*maxBytes*(renders+1)
	return parent + (renders+1)*process + pixels*engine.BytesPerPixel + sources
}

// TestMemoryOfWorstCases has a worker work on twenty pictures at once, each of
// which needs as much memory as its kind can, and measures what the worker and
// the processes that render for it hold together.
func TestMemoryOfWorstCases(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	cases := imagingtest.WorstCases(worstSide)
	for name, heaviest := range map[string]int64{"vips": 2, "go": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host, most := worstHost(t, cases)
			p := systemtest.Start(t, "serve", map[string]string{
				"DATA_DIR": t.TempDir(), "IMAGE_ENGINE": name, "WORKER_DOWNLOADS": strconv.Itoa(worstSlots),
				"FETCH_HOST_LIMIT": strconv.Itoa(worstAtOnce), "IMAGE_MAX_PIXELS": strconv.Itoa(worstSide * worstSide),
				"IMAGE_PIXEL_BUDGET": strconv.Itoa(worstBudget), "IMAGE_MAX_BYTES": strconv.Itoa(worstMaxBytes),
				"JOB_LEASE": "5m", "FETCH_TIMEOUT": "5m", "LOG_LEVEL": "info",
			})
			c := p.Client()
			// A host that is not known yet does not get all the slots.
			c.Finished(c.Create("warm", host+"/warm"))
			watch := systemtest.WatchMemory(t, p.PID())
			urls := make([]string, worstAtOnce)
			for i := range urls {
				urls[i] = fmt.Sprintf("%s/%d", host, i)
			}
			product := c.Finished(c.Create("heavy", urls...))
			held, processes := watch.Peak()
			for i, img := range product.Images {
				checkWorst(t, cases[i%len(cases)], name, img)
			}
			bound := memoryBound(int64(runtime.NumCPU()), worstMaxBytes, worstBudget, worstSide*worstSide, heaviest)
			t.Logf("%d MB at most in %d processes, %d MB in one that renders, of %d MB that are allowed",
				held>>20, processes, watch.LargestChild()>>20, bound>>20)
			if held > bound {
				t.Errorf("%d MB were held, the bound is %d MB", held>>20, bound>>20)
			}
			// Three quarters of what one picture may need: of more than one process there are
			// samples, which on a busy machine miss what lasts a moment.
			least := heaviest * worstSide * worstSide * engine.BytesPerPixel * 3 / 4
			if most.Load() < worstAtOnce || processes < 2 || watch.LargestChild() < least {
				t.Errorf("that measures nothing: %d at once, %d processes, %d MB are to be held by one that renders",
					most.Load(), processes, least>>20)
			}
		})
	}
}

// worstHost serves the cases in turn, each file another one, once all workers
// have asked. It returns how many asked at the same time.
func worstHost(t *testing.T, cases []imagingtest.Worst) (url string, most *atomic.Int64) {
	t.Helper()
	most = &atomic.Int64{}
	var waiting atomic.Int64
	all := make(chan struct{})
	var once sync.Once
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i, err := strconv.Atoi(filepath.Base(r.URL.Path))
		if err != nil {
			_, _ = w.Write(imagingtest.Photo(100, 100, 1))
			return
		}
		if n := waiting.Add(1); n > most.Load() {
			most.Store(n)
		}
		defer waiting.Add(-1)
		body := cases[i%len(cases)].Body(100 * i)
		if room := worstMaxBytes - len(body) - 100_000; room > 0 { // chunks have heads
			body = cases[i%len(cases)].Body(room + 100*i)
		}
		if most.Load() == worstAtOnce {
			once.Do(func() { close(all) })
		}
		systemtest.Trickle(w, r, body, all)
	}))
	t.Cleanup(s.Close)
	return s.URL, most
}

func checkWorst(t *testing.T, w imagingtest.Worst, engine string, img wire.Image) {
	t.Helper()
	code := ""
	if img.Reason != nil {
		code = img.Reason.Code
	}
	want := string(w.Fails)
	if engine == "go" {
		want = string(w.Pure)
	}
	if code != want || img.Attempts != 1 {
		t.Errorf("%s is %s %q after %d attempts, want %q", w.Name, img.Status, code, img.Attempts, want)
	}
}
