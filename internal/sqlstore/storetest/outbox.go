package storetest

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

func testLease(t *testing.T, s Store) {
	t.Helper()
	create(t, s, "http://a/1.jpg", "http://a/2.jpg", "http://a/3.jpg")
	first, err := s.LeaseMessages(t.Context(), media.TopicProcess, 2, 200*time.Millisecond)
	if err != nil || len(first) != 2 || first[0].ID >= first[1].ID || first[0].Topic != media.TopicProcess {
		t.Fatalf("leased %+v, %v", first, err)
	}
	rest, err := s.LeaseMessages(t.Context(), media.TopicProcess, 10, time.Minute)
	if err != nil || len(rest) != 1 {
		t.Fatalf("leased %+v, %v, want the third", rest, err)
	}
	until(t, "the first lease has run out", func() bool {
		again, err := s.LeaseMessages(t.Context(), media.TopicProcess, 10, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		return len(again) == 2 && again[0].ID == first[0].ID && string(again[0].Body) == string(first[0].Body)
	})
	if err := s.DeleteMessages(t.Context(), []int64{first[0].ID, 1 << 40}); err != nil {
		t.Error(err)
	}
	if err := s.DeleteMessages(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// testOldestDueFirst makes the messages due in the reverse order of their ids.
// testOrder holds the line: by place, whenever a message became due.
func testOrder(t *testing.T, s Store) {
	t.Helper()
	create(t, s, "http://a/1.jpg", "http://a/2.jpg", "http://a/3.jpg")
	all := leaseJobs(t, s, 10)
	if len(all) != 3 {
		t.Fatalf("leased %v", all)
	}
	for i, id := range all {
		if err := s.ReleaseMessages(t.Context(), []int64{id}, -time.Duration(i)*time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range [][]int64{all[:2], all[2:]} {
		if got := leaseJobs(t, s, 2); !slices.Equal(got, want) {
			t.Errorf("leased %v, want %v", got, want)
		}
	}
}

func testLeaseRaces(t *testing.T, s Store) {
	t.Helper()
	const n = 60
	for i := range n / 10 {
		urls := make([]string, 10)
		for j := range urls {
			urls[j] = fmt.Sprintf("http://a/%d/%d.jpg", i, j)
		}
		create(t, s, urls...)
	}
	var mu sync.Mutex
	seen := map[int64]int{}
	var racing sync.WaitGroup
	for range 4 {
		racing.Go(func() {
			for {
				batch, err := s.LeaseMessages(t.Context(), media.TopicProcess, 7, time.Minute)
				if err != nil {
					t.Error(err)
				}
				if len(batch) == 0 {
					return
				}
				mu.Lock()
				for _, m := range batch {
					seen[m.ID]++
				}
				mu.Unlock()
			}
		})
	}
	racing.Wait()
	// SKIP LOCKED may end a racer early; what is left is leased here.
	for _, m := range messages(t, s, media.TopicProcess) {
		seen[m.ID]++
	}
	if len(seen) != n {
		t.Errorf("%d messages were leased, want %d", len(seen), n)
	}
	for id, times := range seen {
		if times != 1 {
			t.Errorf("message %d was leased %d times", id, times)
		}
	}
}

func testReleaseAndRenew(t *testing.T, s Store) {
	t.Helper()
	create(t, s, "http://a/1.jpg")
	lease := func(d time.Duration) int {
		batch, err := s.LeaseMessages(t.Context(), media.TopicProcess, 10, d)
		if err != nil {
			t.Fatal(err)
		}
		return len(batch)
	}
	batch, err := s.LeaseMessages(t.Context(), media.TopicProcess, 10, 50*time.Millisecond)
	if err != nil || len(batch) != 1 {
		t.Fatal(err)
	}
	ids := []int64{batch[0].ID}
	if err := s.RenewMessages(t.Context(), ids, time.Minute); err != nil {
		t.Fatal(err)
	}
	select { // past the first lease
	case <-time.After(100 * time.Millisecond):
	case <-t.Context().Done():
	}
	if lease(time.Minute) != 0 {
		t.Error("a renewed message was leased to another")
	}
	if err := s.ReleaseMessages(t.Context(), ids, 200*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if lease(time.Minute) != 0 {
		t.Error("a released message was due too early")
	}
	until(t, "the released message is due", func() bool { return lease(time.Minute) == 1 })
}

// testWake: whatever leaves messages in the outbox wakes those who deliver them.
func testWake(t *testing.T, s Store) {
	t.Helper()
	woken := s.Wake(t.Context())
	wakes := func(what string, do func() error) {
		t.Helper()
		select { // what came before
		case <-woken:
		default:
		}
		if err := do(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		select {
		case <-woken:
		case <-time.After(20 * time.Second):
			t.Fatalf("%s woke no one", what)
		}
	}
	var p catalog.Product
	for range 3 {
		wakes("create", func() error { p = create(t, s, "http://a/1.jpg"); return nil })
	}
	job := media.Job{ImageID: p.Images[0].ID, ProductID: p.ID, Generation: 1}
	failure := fault.Fail(fault.SourceUnreachable, "503", nil)
	var claim media.Claim
	begin := func() (err error) {
		claim, _, err = s.Begin(t.Context(), job, time.Minute)
		return err
	}
	wakes("begin", begin)
	wakes("retry", func() error { _, err := s.Retry(t.Context(), claim, failure, 0); return err })
	wakes("begin again", begin)
	wakes("fail", func() error { _, err := s.Fail(t.Context(), claim, failure); return err })
	wakes("replay", func() error {
		_, _, err := s.ReplayImages(t.Context(), []int64{job.ImageID}, "req-2")
		return err
	})
	wakes("delete", func() error { _, err := s.DeleteProduct(t.Context(), p.ID, nil); return err })
}

// testEverythingAtOnce changes, works on and deletes the same products from
// many sides: nothing deadlocks, and every error is one that was promised.
func testEverythingAtOnce(t *testing.T, s Store) {
	t.Helper()
	products := make([]catalog.Product, 4)
	for i := range products {
		products[i] = create(t, s, "http://a/1.jpg", "http://a/2.jpg", "http://a/3.jpg")
	}
	var completed atomic.Int32
	check := func(err error) bool {
		switch fault.KindOf(err) {
		case fault.Conflict, fault.Stale, fault.NotFound:
			return false
		default:
			if err != nil {
				t.Error(err)
			}
			return err == nil
		}
	}
	var busy sync.WaitGroup
	for _, job := range jobs(t, s) {
		for range 2 {
			busy.Go(func() {
				c, _, err := s.Begin(t.Context(), job, time.Minute)
				if !check(err) {
					return
				}
				if _, err = s.Complete(t.Context(), c, rendition(fmt.Sprintf("k%d", job.ImageID))); check(err) {
					completed.Add(1)
				}
			})
		}
	}
	for i, p := range products {
		for round := range 5 {
			busy.Go(func() {
				_, err := s.ReviseProduct(t.Context(), p.ID, func(now catalog.Product) (catalog.Revision, error) {
					r := revision(now)
					r.Name = fmt.Sprintf("round %d", round)
					if len(r.Images) > 1 {
						r.Images = r.Images[1:]
					}
					return r, nil
				})
				check(err)
			})
		}
		if i%2 == 1 {
			busy.Go(func() {
				_, err := s.DeleteProduct(t.Context(), p.ID, nil)
				check(err)
			})
		}
	}
	busy.Wait()
	for i, p := range products {
		got, err := s.Product(t.Context(), p.ID)
		if deleted := i%2 == 1; deleted != (fault.KindOf(err) == fault.NotFound) {
			t.Errorf("product %d: %v", i, err)
			continue
		}
		for _, img := range got.Images {
			if img.Status == catalog.Processing {
				t.Errorf("product %d: an image is stuck: %+v", i, img)
			}
		}
	}
	t.Logf("%d images completed", completed.Load())
}
