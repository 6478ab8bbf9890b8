package media

import (
	"fmt"
	"sync"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/processes"
)

// An image that is downloaded waits to be reported with others: for reportSoon where
// others wait for what it has given back and the renderers have little left to do,
// else for reportLate, so that a host is not taken by what is not fetched any more.
// What is done by then is not reported at all.
const (
	reportSoon = 50 * time.Millisecond
	reportLate = 500 * time.Millisecond
)

// fetchedImages are those that are downloaded and not done.
type fetchedImages struct {
	few     int           // so many are little to do
	due     chan struct{} // of capacity 1: some have waited for long enough
	writing sync.Mutex    // one report at a time, so that none is overwritten by an earlier one

	mu     sync.Mutex
	images map[*fetchedImage]struct{}
	timer  *time.Timer // nil: nothing is to be reported
}

// fetchedImage is one of them, for one attempt.
type fetchedImage struct {
	processes.Fetched

	of        *fetchedImages
	contended bool      // others wait
	reported  bool      // as it is
	changed   time.Time // since when it is so
}

func newFetchedImages(few int) *fetchedImages {
	return &fetchedImages{few: few, due: make(chan struct{}, 1), images: map[*fetchedImage]struct{}{}}
}

// add notes that the download of the claim's image has ended.
func (f *fetchedImages) add(c Claim) *fetchedImage {
	i := &fetchedImage{Fetched: processes.Fetched{Image: c.ImageID, Token: c.Token}, of: f, contended: c.Contended, changed: time.Now()}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.images[i] = struct{}{}
	f.schedule()
	return i
}

// release notes that the image has given back its download slot.
func (i *fetchedImage) release() {
	i.of.mu.Lock()
	defer i.of.mu.Unlock()
	i.Released, i.reported, i.changed = true, false, time.Now()
	i.of.schedule()
}

// done ends it: there is nothing more to report.
func (i *fetchedImage) done() {
	i.of.mu.Lock()
	defer i.of.mu.Unlock()
	delete(i.of.images, i)
	i.of.schedule()
}

// schedule has the next report asked for when it is due.
func (f *fetchedImages) schedule() {
	if f.timer != nil {
		f.timer.Stop()
		f.timer = nil
	}
	if next := f.next(); !next.IsZero() {
		f.timer = time.AfterFunc(time.Until(next), f.ask)
	}
}

// next is when the next report is due, zero where there is nothing to report.
func (f *fetchedImages) next() (next time.Time) {
	for i := range f.images {
		due := i.changed.Add(reportLate)
		if i.contended && len(f.images) <= f.few {
			due = i.changed.Add(reportSoon)
		}
		if !i.reported && (next.IsZero() || due.Before(next)) {
			next = due
		}
	}
	return next
}

func (f *fetchedImages) ask() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.next().IsZero() { // reported, or done, at the same moment
		return
	}
	select {
	case f.due <- struct{}{}:
	default:
	}
}

// report returns all, which are reported then, but the one that is done, if any.
func (f *fetchedImages) report(done *fetchedImage) (all []processes.Fetched) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.images {
		if i != done {
			i.reported = true
			all = append(all, i.Fetched)
		}
	}
	f.schedule()
	select {
	case <-f.due:
	default:
	}
	return all
}

// failed notes that the last report was not written.
func (f *fetchedImages) failed() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.images {
		i.reported = false
	}
	f.schedule()
}

// write has write write a report.
func (f *fetchedImages) write(write func([]processes.Fetched) error) error {
	f.writing.Lock()
	defer f.writing.Unlock()
	err := write(f.report(nil))
	if err != nil {
		f.failed()
	}
	return err
}

// complete has write write that the image is done, and with it a report of the others,
// which so costs no transaction and no wait: where some wait for what these have given
// back, and no report is being written. Write may ask for it more than once.
func (i *fetchedImage) complete(process string, write func(report func() *processes.Report) error) error {
	taken, written := false, false
	defer func() {
		if taken && !written {
			i.of.failed()
		}
		if taken {
			i.of.writing.Unlock()
		}
	}()
	err := write(func() *processes.Report {
		if !taken && (!i.of.wanted(i) || !i.of.writing.TryLock()) {
			return nil
		}
		taken = true
		return &processes.Report{Process: process, Fetched: i.of.report(i)}
	})
	written = err == nil
	return err
}

// wanted reports whether others wait for what images have given back beside the one.
func (f *fetchedImages) wanted(but *fetchedImage) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.images {
		if i != but && i.contended && !i.reported {
			return true
		}
	}
	return false
}

// WriteFetched implements processes.Work.
func (w *Worker) WriteFetched(write func([]processes.Fetched) error) error {
	return w.fetched.write(write)
}

// Due implements processes.Work.
func (w *Worker) Due() <-chan struct{} { return w.fetched.due }

// TooLarge is the failure of a source that has more than so many bytes.
func TooLarge(most int64) *fault.Failure {
	return fault.Fail(fault.TooLargeBytes, fmt.Sprintf("The image has more than %d bytes.", most), nil)
}
