package bench_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/bench/report"
	"vitrine.dev/internal/imaging/imagingtest"
	"vitrine.dev/internal/systemtest"
)

const (
	renders        = 4   // at once
	photosOfARound = 200 // five rounds are the 1,000 photos of the goal
	memorySampling = 50 * time.Millisecond
)

// TestWorkerMemory: what a worker and its render processes hold while they work on photos of all sizes, landscape and
// portrait, each file different, as many of each size: its most, and whether it grows. The photos come one size after
// the other in each dozen, so that each part of the run has the same mix. The rounds are one run, which is not taken
// again.
func TestWorkerMemory(t *testing.T) {
	r := begin(t)
	var photos [][]byte
	for i, size := range photoSizes() {
		photos = append(photos, imagingtest.Photo(size[0], size[1], uint64(i)))
	}
	var asked atomic.Int64
	source := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		_, _ = w.Write(systemtest.WithComment(photos[int(asked.Add(1))%len(photos)], r.URL.Path)) // a file of its own, which is rendered
	}))
	t.Cleanup(source.Close)
	system := systemtest.NewSystem(t)
	total := photosOfARound * r.rounds
	for n := range total {
		system.Create(fmt.Sprintf("%s/%d.jpg", source.URL, n))
	}
	system.Env["WORKER_RENDERS"], system.Env["LOG_LEVEL"] = strconv.Itoa(renders), "info"
	system.Env["FETCH_HOST_LIMIT"] = "16" // one host has all photos, and rendering is to be what takes the time
	worker := systemtest.New(t, systemtest.Options{Variant: systemtest.Program, Role: "worker", Env: system.Env, OnLine: func([]byte) {}}).Launch()
	var samples, alone []float64
	most := 0
	for looked := time.Now(); ; time.Sleep(memorySampling) {
		bytes, processes := systemtest.TreeMemory(worker.PID())
		samples, most = append(samples, float64(bytes)/1e6), max(most, processes-1)
		alone = append(alone, float64(systemtest.Proportional(worker.PID()))/1e6)
		if time.Since(looked) < time.Second {
			continue
		}
		looked = time.Now()
		if n := system.Number(`SELECT count(*) FROM images WHERE status = 'failed'`); n > 0 {
			t.Fatalf("%d photos have failed", n)
		}
		if system.Number(`SELECT count(*) FROM images WHERE status = 'ready'`) == int64(total) {
			break
		}
	}
	if most < renders {
		t.Fatalf("there were %d render processes, want %d: this shows nothing", most, renders)
	}
	quarter := func(n int) float64 { return mean(samples[len(samples)*(n-1)/4 : len(samples)*n/4]) }
	peak := slices.Max(samples)
	r.rounds = 1
	r.took(t, report.Figure{
		Name: "worker-memory", What: fmt.Sprintf("memory of a worker over %d photos of 1.5 to 13 MP, %d render processes: most (PSS)", total, renders),
		Limit: "350 MB", Ours: report.Quantity{Value: peak, Unit: "MB"}, Value: peak, Unit: "MB", Goal: 350, AtMost: true,
		Also: []report.Also{
			{Name: "mean", Ours: report.Quantity{Value: mean(samples), Unit: "MB"}},
			{Name: "of which the process that fetches and stores", Ours: report.Quantity{Value: mean(alone), Unit: "MB"}},
			{Name: "its most", Ours: report.Quantity{Value: slices.Max(alone), Unit: "MB"}},
		},
	})
	r.took(t, report.Figure{
		Name: "worker-growth", What: "the same: mean of the last quarter of the run", Limit: "the mean of its second quarter",
		Ours: report.Quantity{Value: quarter(4), Unit: "MB"}, Beside: &report.Quantity{Value: quarter(2), Unit: "MB"},
		Value: quarter(4) / quarter(2), Goal: 1.1, AtMost: true,
	})
}

func mean(list []float64) (m float64) {
	for _, v := range list {
		m += v / float64(len(list))
	}
	return m
}
