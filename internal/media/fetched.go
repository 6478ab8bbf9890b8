package media

import (
	"sync"
	"time"

	"vitrine.dev/internal/processes"
)

// reportFetched is how long an image that is downloaded waits to be reported with
// others. What is done by then is not reported at all, so that pictures that are
// rendered at once cost no transaction.
const reportFetched = 50 * time.Millisecond

// fetchedImages are those that are downloaded and not done.
type fetchedImages struct {
	due chan struct{} // of capacity 1: some have waited for long enough

	mu     sync.Mutex
	images map[*fetchedImage]struct{}
}

// fetchedImage is one of them, for one attempt.
type fetchedImage struct {
	processes.Fetched

	of      *fetchedImages
	waiting *time.Timer // runs while something of it is to be reported
}

func newFetchedImages() *fetchedImages {
	return &fetchedImages{due: make(chan struct{}, 1), images: map[*fetchedImage]struct{}{}}
}

// add notes that the download of the claim's image has ended.
func (f *fetchedImages) add(c Claim) *fetchedImage {
	i := &fetchedImage{Fetched: processes.Fetched{Image: c.ImageID, Token: c.Token}, of: f}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.images[i] = struct{}{}
	i.waiting = time.AfterFunc(reportFetched, f.ask)
	return i
}

func (f *fetchedImages) ask() {
	select {
	case f.due <- struct{}{}:
	default:
	}
}

// release notes that the image has given back its download slot.
func (i *fetchedImage) release() {
	i.of.mu.Lock()
	defer i.of.mu.Unlock()
	i.Released = true
	i.waiting.Reset(reportFetched)
}

// done ends it: there is nothing more to report.
func (i *fetchedImage) done() {
	i.of.mu.Lock()
	defer i.of.mu.Unlock()
	i.waiting.Stop()
	delete(i.of.images, i)
}

// report returns all, which are reported then.
func (f *fetchedImages) report() (all []processes.Fetched) {
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case <-f.due:
	default:
	}
	for i := range f.images {
		i.waiting.Stop()
		all = append(all, i.Fetched)
	}
	return all
}

// Fetched implements processes.Work.
func (w *Worker) Fetched() []processes.Fetched { return w.fetched.report() }

// Due implements processes.Work.
func (w *Worker) Due() <-chan struct{} { return w.fetched.due }
