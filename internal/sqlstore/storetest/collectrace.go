package storetest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// disk is a storage of which only the names matter.
type disk struct {
	mu    sync.Mutex
	files map[string]bool
}

func (d *disk) set(key string, there bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.files[key] = there
}

func (d *disk) has(key string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.files[key]
}

// testCollectionRaces: workers store, share and drop the same few renditions
// while collectors delete whatever is unused at any moment, without grace. At
// no moment is an image ready whose files are gone.
func testCollectionRaces(t *testing.T, s Store) {
	t.Helper()
	storage := &disk{files: map[string]bool{}}
	keys := []string{"aa", "bb"}
	var done atomic.Bool
	var collecting, working sync.WaitGroup
	for range 2 {
		collecting.Go(func() {
			for !done.Load() {
				collectOnce(t, s, storage, keys)
			}
		})
	}
	var once sync.Mutex // Begin takes the job of its own product
	for worker := range 4 {
		working.Go(func() {
			for round := range 15 {
				key := keys[(worker+round)%len(keys)]
				workOnce(t, s, storage, key, &once)
			}
		})
	}
	working.Wait()
	done.Store(true)
	collecting.Wait()
}

func collectOnce(t *testing.T, s Store, storage *disk, keys []string) {
	t.Helper()
	if err := s.MarkUnused(t.Context(), "0", "z"); err != nil {
		t.Error(err)
	}
	for _, key := range keys {
		w, err := s.BeginDelete(t.Context(), key, 0, window)
		if fault.KindOf(err) == fault.Conflict {
			continue
		}
		if err != nil {
			t.Error(err)
			return
		}
		storage.set(key, false)
		if err := s.CloseWindow(t.Context(), w); err != nil {
			t.Error(err)
		}
	}
}

// workOnce takes an image of the content to the end and drops it again.
func workOnce(t *testing.T, s Store, storage *disk, key string, once *sync.Mutex) {
	t.Helper()
	once.Lock()
	p := create(t, s, "http://a/1.jpg")
	job := jobs(t, s)[0]
	once.Unlock()
	for {
		c, err := s.Begin(t.Context(), job, time.Minute)
		if err != nil {
			t.Error(err)
			return
		}
		if !isLive(t, s, key) {
			storage.set(key, true)
		}
		err = completeOnce(t, s, c, key)
		if err == nil {
			break
		}
		once.Lock() // takes the message of the retry away from the others
		if _, err := s.Retry(t.Context(), c, timeout(), 0); err != nil {
			t.Error(err)
		}
		job = jobs(t, s)[0]
		once.Unlock()
	}
	for range 3 {
		if !storage.has(key) {
			t.Errorf("the image is ready and the files of %s are gone", key)
		}
	}
	if _, err := s.DeleteProduct(t.Context(), p.ID, Unchecked); err != nil {
		t.Error(err)
	}
}

// completeOnce returns the failure with which the store refuses the files.
func completeOnce(t *testing.T, s Store, c media.Claim, key string) error {
	t.Helper()
	_, err := s.Complete(t.Context(), c, rendition(key), noReport)
	if _, refused := fault.FailureOf(err); err != nil && !refused {
		t.Error(err)
	}
	return err
}
