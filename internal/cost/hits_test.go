package cost_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/imaging/imagingtest"
	"vitrine.dev/internal/systemtest"
)

const (
	listReads = 100 // a second
	progress  = 50  // images of the same user that become ready in a second
	leastHits = 0.9
)

// TestListHits: of 100 reads of a list in a second nine in ten are answered from the cache
// while 50 images of its user become ready, with one API, two workers and Redis. Lists are made again
// once a second, each that is read, so the same reads of ten lists are answered from
// it less often, which is printed. The loads are what PostgreSQL counts of the
// statement that reads a page.
func TestListHits(t *testing.T) {
	d := turn(t)
	p := newCounted(t)
	env := systemtest.SharedServers(t)
	maps.Copy(env, p.Env)
	env["ADMIN_ADDR"] = "off"
	systemtest.Run(t, "migrate", env)
	var open atomic.Bool // whether pictures are sent
	pace := time.NewTicker(time.Second / progress)
	defer pace.Stop()
	picture := imagingtest.JPEG(imagingtest.Picture(200, 150, 7), 90)
	port := systemtest.EveryAddress(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for {
			select {
			case <-pace.C:
				if open.Load() {
					_, _ = w.Write(picture)
					return
				}
			case <-r.Context().Done():
				return
			}
		}
	}))
	api := systemtest.Start(t, "api", env)
	for range 2 {
		systemtest.Start(t, "worker", env)
	}
	client, product := api.Client(), 0
	for _, lists := range []int{1, 10} {
		// Before lists are read, as a create is an edit; and more images than become ready meanwhile.
		const perProduct = 20
		for range int(d.Seconds()*progress*1.5)/perProduct + 10 {
			product++
			urls := make([]string, perProduct)
			for i := range urls {
				urls[i] = fmt.Sprintf("http://127.1.%d.%d:%s/%d", product%100, 1+i, port, product)
			}
			client.Create(fmt.Sprint("Grid ", product), urls...)
		}
		open.Store(true)
		systemtest.Eventually(t, "images to become ready", func() bool { return p.Number(t, `SELECT count(*) FROM images WHERE status = 'ready'`) > 0 })
		p.Exec(t, `SELECT pg_sleep(3)`) // what the creates have begun is over
		ready := p.Number(t, `SELECT count(*) FROM images WHERE status = 'ready'`)
		p.ResetCounts(t)
		began := time.Now()
		reads := readLists(t, api.URL(), lists, d)
		took := time.Since(began).Seconds()
		loads := p.Counts(t, "OVER page AS place")
		rate := float64(p.Number(t, `SELECT count(*) FROM images WHERE status = 'ready'`)-ready) / took
		open.Store(false)
		wantCalls(t, "reads of pages", loads)
		if rate < 0.9*progress || float64(reads)/took < 0.9*listReads {
			t.Errorf("%.0f images became ready and %.0f lists were read in a second: this shows nothing", rate, float64(reads)/took)
		}
		misses := float64(loads.Calls) / float64(reads)
		t.Logf("%d reads of %d lists, %.0f a second, beside %.0f images a second: %.2f from the cache", reads, lists, float64(reads)/took, rate, 1-misses)
		if lists == 1 {
			atMost(t, misses, 1-leastHits, "share of the reads of one list that are not from the cache")
		}
		p.Exec(t, `UPDATE images SET status = 'ready', stage = NULL, rank = NULL, dispatched_until = 0, lease_until = 0 WHERE status = 'pending'`)
	}
}

// readLists reads one of the lists after the other, so many in a second, and returns how many it has read.
func readLists(t *testing.T, api string, lists int, d time.Duration) (reads int) {
	t.Helper()
	var reading sync.WaitGroup
	defer reading.Wait()
	pace, end := time.NewTicker(time.Second/listReads), time.After(d)
	defer pace.Stop()
	for ; ; reads++ {
		select {
		case <-pace.C:
		case <-end:
			return reads
		}
		url := fmt.Sprintf("%s/products?user_id=1&limit=%d", api, 20+reads%lists)
		reading.Go(func() {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
			if err != nil {
				t.Error(err)
				return
			}
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Error(err)
				return
			}
			_, err = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
			if err != nil || answer.StatusCode != http.StatusOK {
				t.Errorf("%s answered %d, %v", url, answer.StatusCode, err)
			}
		})
	}
}
