package media

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/failpoint"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/processes"
	"vitrine.dev/internal/queue"
	"vitrine.dev/internal/tracing"
)

// work takes a claimed image through its steps: fetch, look up, render, store,
// complete. Of an image whose source is unchanged it returns no rendition. Images with equal content wait for one another here, so that the
// second finds what the first has published.
func (a *attempt) work(ctx context.Context) (catalog.Rendition, error) {
	source := a.Spool.New()
	defer source.Close()
	content := sha256.New()
	var answer Answer
	err := a.step(ctx, StepFetch, func(ctx context.Context) (in, out int64, err error) {
		patience := time.Duration(0)
		if a.claim.Contact && a.claim.Attempt == a.claim.Lost+1 { // none has failed
			patience = a.cfg.Patience
		}
		wanted := Source{URL: a.claim.SourceURL, Patience: patience}
		if a.claim.Kind == Refresh && a.claim.Shown {
			wanted.Known = a.claim.Source
		}
		started := time.Now()
		answer, err = a.Fetcher.Fetch(ctx, wanted, io.MultiWriter(source, content))
		a.reports.add(a.claim.Job, a.claim.SourceURL, err, time.Since(started))
		a.claim.Work.Status, a.claim.Work.Redirects = answer.Status, answer.Redirects
		if err != nil && a.claim.Contact { // before its host is given to another one that fails
			a.flush(ctx)
		}
		return source.Len(), 0, err
	})
	a.keepHops(answer)
	if err != nil {
		return catalog.Rendition{}, err
	}
	failpoint.Crash(failpoint.Fetched)
	if answer.Unchanged {
		return catalog.Rendition{}, retryUnavailable(ctx, a.log, "end unchanged", func(ctx context.Context) error {
			return a.Store.Unchanged(ctx, a.claim)
		})
	}
	a.claim.Source = answer.Version
	fetched := a.fetched.add(a.claim)
	defer fetched.done()
	leave, err := a.backlog.take(ctx, a.claim.UserID, 1)
	if err != nil {
		return catalog.Rendition{}, fmt.Errorf("behind the downloads: %w", err)
	}
	defer leave()
	queue.Acknowledge(ctx)
	fetched.release()

	key := renditionKey(content.Sum(nil), a.Renderer.Recipe(), a.cfg.Preset)
	unlock, err := a.content.lock(ctx, key)
	if err != nil {
		return catalog.Rendition{}, fmt.Errorf("wait for equal content: %w", err)
	}
	defer unlock()

	rendition, err := a.lookUp(ctx, key)
	if fault.KindOf(err) == fault.NotFound {
		rendition, err = a.publish(ctx, key, source)
	}
	if err != nil {
		return catalog.Rendition{}, err
	}
	err = a.step(ctx, StepComplete, func(ctx context.Context) (in, out int64, err error) {
		return 0, 0, retryUnavailable(ctx, a.log, "complete", func(ctx context.Context) error {
			return fetched.complete(a.Process, func(report func() *processes.Report) error {
				changed, err := a.Store.Complete(ctx, a.claim, rendition, report)
				if err == nil {
					failpoint.Crash(failpoint.Completed)
					a.Announce.Announce(ctx, changed)
				}
				return err
			})
		})
	})
	return rendition, err
}

// lookUp finds what is already published for the same content.
func (a *attempt) lookUp(ctx context.Context, key string) (catalog.Rendition, error) {
	var found catalog.Rendition
	err := retryUnavailable(ctx, a.log, "look up", func(ctx context.Context) (err error) {
		found, err = a.Store.Rendition(ctx, key)
		return err
	})
	if err == nil {
		a.claim.Work.Published = true
		a.log.DebugContext(ctx, "content is already published", "rendition", key)
	}
	return found, err
}

// publish renders the source and stores the files. What becomes of them is
// decided by Complete; files that nothing comes to refer to are collected later.
func (a *attempt) publish(ctx context.Context, key string, source Spooled) (catalog.Rendition, error) {
	var rendered Rendered
	err := a.step(ctx, StepRender, func(ctx context.Context) (in, out int64, err error) {
		rendered, err = a.render(ctx, a.claim.UserID, source)
		traceRender(ctx, rendered.Parts)
		return source.Len(), rendered.bytes(), err
	})
	if err != nil {
		return catalog.Rendition{}, err
	}
	failpoint.Crash(failpoint.Rendered)

	rendition := catalog.Rendition{
		Key: key, SourceBytes: source.Len(),
		Width: rendered.Width, Height: rendered.Height, Placeholder: rendered.Placeholder,
		Notes: rendered.Notes,
	}
	err = a.step(ctx, StepStore, func(ctx context.Context) (in, out int64, err error) {
		err = a.storeAll(ctx, rendered, &rendition)
		return rendered.bytes(), rendered.bytes(), err
	})
	if err == nil {
		failpoint.Crash(failpoint.Stored)
	}
	return rendition, err
}

// render reads the source into memory, once there is room for it, and renders it.
func (w *Worker) render(ctx context.Context, user int64, source Spooled) (Rendered, error) {
	giveBack, err := w.memory.take(ctx, user, source.Len())
	if err != nil {
		return Rendered{}, fmt.Errorf("in memory: %w", err)
	}
	defer giveBack()
	body, err := source.Bytes()
	if err != nil {
		return Rendered{}, err
	}
	source.Close()
	return w.Renderer.Render(WithUser(ctx, user), w.cfg.Preset, body)
}

// storedAtOnce bounds how many files of an image are stored at the same time: each
// waits for a disk or for a server, not for this process.
const storedAtOnce = 4

// storeAll stores the files and fills in where they are.
func (w *Worker) storeAll(ctx context.Context, rendered Rendered, r *catalog.Rendition) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(storedAtOnce)
	store := func(into *catalog.Output, name string, e Encoded) {
		group.Go(func() (err error) {
			if *into, err = w.store(ctx, r.Key, name, e); err == nil {
				failpoint.Crash(failpoint.StoredFirst)
			}
			return err
		})
	}
	r.Variants = make([]catalog.Output, len(rendered.Variants))
	store(&r.Compressed, "compressed", rendered.Compressed)
	for i, v := range rendered.Variants {
		store(&r.Variants[i], "w"+strconv.Itoa(v.Width), v)
	}
	return group.Wait()
}

func (w *Worker) store(ctx context.Context, key, name string, e Encoded) (catalog.Output, error) {
	out := catalog.Output{
		Key: objectKey(key, name, e.Format), Format: e.Format,
		Width: e.Width, Height: e.Height, Bytes: int64(len(e.Body)),
	}
	if err := w.Blobs.Put(ctx, out.Key, e.ContentType, e.Body); err != nil {
		if ctx.Err() != nil {
			return catalog.Output{}, fmt.Errorf("store %s: %w", out.Key, context.Cause(ctx))
		}
		return catalog.Output{}, fault.Fail(fault.StorageUnavailable, "The results could not be stored.", err)
	}
	return out, nil
}

func (r Rendered) bytes() int64 {
	n := len(r.Compressed.Body)
	for _, v := range r.Variants {
		n += len(v.Body)
	}
	return int64(n)
}

// step does one step, logs it with its duration and its bytes, and keeps that.
func (a *attempt) step(ctx context.Context, name StepName, do func(context.Context) (in, out int64, err error)) error {
	ctx, span := tracing.Start(ctx, string(name))
	started := time.Now()
	in, out, err := do(ctx)
	took := time.Since(started)
	a.steps = append(a.steps, Step{Name: name, Took: took, BytesIn: in, BytesOut: out, Err: err})
	traceStep(span, a.steps[len(a.steps)-1])
	a.claim.Work.Steps = append(a.claim.Work.Steps, events.Step{
		Name: string(name), TookMS: took.Milliseconds(), BytesIn: in, BytesOut: out, Failed: err != nil,
	})
	log := a.log.With("step", name, "duration", took, "bytes_in", in, "bytes_out", out)
	if err != nil { // the outcome of the attempt is logged with it
		log.DebugContext(ctx, "image step failed", "error", err)
	} else {
		log.InfoContext(ctx, "image step done")
	}
	return err
}
