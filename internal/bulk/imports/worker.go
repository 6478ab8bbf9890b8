package imports

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failpoint"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/tracing"
)

const (
	// purgeLimit is how many results are removed at once.
	purgeLimit = 5000
	// idle is for how long a file stays open that another process may have taken over.
	idle = time.Minute
)

// Worker reads the files of imports. It is safe for concurrent use.
type Worker struct {
	// Observe is told how many rows were written or refused with each outcome, never of fewer
	// than none. nil: no one is. It is set before the first step.
	Observe func(Counts)

	store    Store
	blobs    Blobs
	decode   func(object []byte) catalog.Row
	announce catalog.Announcer
	log      *slog.Logger

	mu   sync.Mutex
	open map[int64]*stream // by the import: those that this process works on
}

// NewWorker returns a Worker, for which decode reads the JSON object of a row.
func NewWorker(store Store, blobs Blobs, decode func(object []byte) catalog.Row, announce catalog.Announcer, log *slog.Logger) *Worker {
	return &Worker{store: store, blobs: blobs, decode: decode, announce: announce, log: log, open: make(map[int64]*stream)}
}

// JobKinds returns the kind of these jobs, by its name.
func (w *Worker) JobKinds() map[string]job.Kind {
	return map[string]job.Kind{Kind: {Step: w.Step, Purge: w.purge}}
}

// Step is the job.Kind's.
func (w *Worker) Step(ctx context.Context, b job.Batch) (job.Job, error) {
	w.use(b.JobID, true)
	i, err := w.step(ctx, b)
	w.use(b.JobID, false)
	if err != nil || i.Job.State != job.Running {
		w.close(b.JobID)
	}
	if err == nil && i.Job.State != job.Running {
		w.remove(ctx, i)
	}
	return i.Job, err
}

func (w *Worker) step(ctx context.Context, b job.Batch) (Import, error) {
	i, err := w.store.Import(ctx, b.JobID)
	switch {
	case fault.KindOf(err) == fault.NotFound: // its user was erased
		return i, fault.New(fault.Conflict, "the import is gone")
	case err != nil:
		return i, err
	case i.reads():
		return w.read(ctx, b, i)
	default:
		return w.look(ctx, b)
	}
}

// read takes the next rows of the file.
func (w *Worker) read(ctx context.Context, b job.Batch, i Import) (Import, error) {
	s, err := w.stream(ctx, i)
	if fault.KindOf(err) == fault.NotFound {
		w.log.ErrorContext(ctx, "the file of an import is not in the storage any more", "import", i.ID, "file", i.Key)
		return w.store.RefuseImport(ctx, b)
	}
	if err != nil {
		return i, err
	}
	images := 0
	if i.Rate > 0 && i.Phase == Writing {
		images = b.Limit
	}
	c, err := s.chunk(judge(i, w.decode), images)
	if err != nil {
		return i, err
	}
	began := time.Now()
	// The images are as many as the rows: none is a part of the request's trace.
	next, changed, err := w.store.AdvanceImport(tracing.Without(ctx), b, c)
	if err != nil {
		return i, err
	}
	s.took(time.Since(began))
	failpoint.Crash(failpoint.ImportStep)
	w.announce.Announce(context.WithoutCancel(ctx), changed...)
	if w.Observe != nil && i.Phase == Writing && next.Read == i.Read+int64(len(c.Lines)) { // else another process took them
		w.Observe(next.rowsSince(i.Counts))
	}
	if !next.reads() {
		w.close(i.ID)
	}
	return next, nil
}

// look looks at the images of the import.
func (w *Worker) look(ctx context.Context, b job.Batch) (Import, error) {
	cancelled := fault.Fail(fault.Cancelled, "The import that asked for the image was cancelled.", nil)
	next, changed, napping, err := w.store.LookAtImages(ctx, b, cancelled)
	w.announce.Announce(context.WithoutCancel(ctx), changed...)
	if err == nil && napping {
		err = job.ErrLater
	}
	return next, err
}

// stream returns the file of the import where it is: the one that is open, or else a new one.
func (w *Worker) stream(ctx context.Context, i Import) (*stream, error) {
	w.mu.Lock()
	s := w.open[i.ID]
	w.mu.Unlock()
	if s != nil && s.reaches(i.At) {
		return s, nil
	}
	w.close(i.ID)
	s, err := open(ctx, w.blobs, i)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s.busy = true // by this step
	w.open[i.ID] = s
	return s, nil
}

// use notes that a step of the import begins, or has ended; it closes files that no step has read
// for long.
func (w *Worker) use(id int64, begins bool) {
	w.mu.Lock()
	var left []int64
	for other, s := range w.open {
		switch {
		case other == id:
			s.busy, s.used = begins, time.Now()
		case !s.busy && time.Since(s.used) > idle:
			left = append(left, other)
		}
	}
	w.mu.Unlock()
	for _, other := range left {
		w.close(other)
	}
}

// close closes the file of the import, where it is open here.
func (w *Worker) close(id int64) {
	w.mu.Lock()
	s := w.open[id]
	delete(w.open, id)
	w.mu.Unlock()
	if s != nil {
		_ = s.body.Close() // it was only read
	}
}

// remove removes the file of an import that has ended; where it fails, it is collected later.
func (w *Worker) remove(ctx context.Context, i Import) {
	if i.Key == "" { // its user was erased
		return
	}
	if err := w.blobs.Delete(ctx, i.Key); err != nil && ctx.Err() == nil {
		w.log.WarnContext(ctx, "the file of an import was not removed, and will be collected", "import", i.ID, "error", err)
	}
}

// purge removes the results of imports whose jobs were purged.
func (w *Worker) purge(ctx context.Context, _ time.Duration) error {
	for {
		n, err := w.store.PurgeImports(ctx, purgeLimit)
		if err != nil || n == 0 {
			return err
		}
	}
}
