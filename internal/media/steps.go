package media

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failpoint"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/processes"
	"vitrine.dev/internal/queue"
)

// work takes a claimed image through its steps: fetch, look up, render, store,
// complete. Of an image whose source is unchanged it returns no rendition. Images with equal content wait for one another here, so that the
// second finds what the first has published.
func (w *Worker) work(ctx context.Context, log *slog.Logger, claim Claim) (catalog.Rendition, error) {
	source := w.Spool.New()
	defer source.Close()
	content := sha256.New()
	var answer Answer
	err := step(ctx, log, "fetch", func(ctx context.Context) (in, out int64, err error) {
		patience := time.Duration(0)
		if claim.Contact && claim.Attempt == claim.Lost+1 { // none has failed
			patience = w.cfg.Patience
		}
		wanted := Source{URL: claim.SourceURL, Patience: patience}
		if claim.Kind == Refresh && claim.Shown {
			wanted.Known = claim.Source
		}
		started := time.Now()
		answer, err = w.Fetcher.Fetch(ctx, wanted, io.MultiWriter(source, content))
		w.reports.add(claim.Job, claim.SourceURL, err, time.Since(started))
		if err != nil && claim.Contact { // before its host is given to another one that fails
			w.flush(ctx)
		}
		return source.Len(), 0, err
	})
	if err != nil {
		return catalog.Rendition{}, err
	}
	failpoint.Crash(failpoint.Fetched)
	if answer.Unchanged {
		return catalog.Rendition{}, retryUnavailable(ctx, log, "end unchanged", func(ctx context.Context) error {
			return w.Store.Unchanged(ctx, claim)
		})
	}
	claim.Source = answer.Version
	fetched := w.fetched.add(claim)
	defer fetched.done()
	leave, err := w.backlog.take(ctx, claim.UserID, 1)
	if err != nil {
		return catalog.Rendition{}, fmt.Errorf("behind the downloads: %w", err)
	}
	defer leave()
	queue.Acknowledge(ctx)
	fetched.release()

	key := renditionKey(content.Sum(nil), w.Renderer.Recipe(), w.cfg.Preset)
	unlock, err := w.content.lock(ctx, key)
	if err != nil {
		return catalog.Rendition{}, fmt.Errorf("wait for equal content: %w", err)
	}
	defer unlock()

	rendition, err := w.lookUp(ctx, log, key)
	if fault.KindOf(err) == fault.NotFound {
		rendition, err = w.publish(ctx, log, claim.UserID, key, source)
	}
	if err != nil {
		return catalog.Rendition{}, err
	}
	err = step(ctx, log, "complete", func(ctx context.Context) (in, out int64, err error) {
		return 0, 0, retryUnavailable(ctx, log, "complete", func(ctx context.Context) error {
			return fetched.complete(w.Process, func(report func() *processes.Report) error {
				changed, err := w.Store.Complete(ctx, claim, rendition, report)
				if err == nil {
					failpoint.Crash(failpoint.Completed)
					w.Announce.Announce(ctx, changed)
				}
				return err
			})
		})
	})
	return rendition, err
}

// lookUp finds what is already published for the same content.
func (w *Worker) lookUp(ctx context.Context, log *slog.Logger, key string) (catalog.Rendition, error) {
	var found catalog.Rendition
	err := retryUnavailable(ctx, log, "look up", func(ctx context.Context) (err error) {
		found, err = w.Store.Rendition(ctx, key)
		return err
	})
	if err == nil {
		log.DebugContext(ctx, "content is already published", "rendition", key)
	}
	return found, err
}

// publish renders the source and stores the files. What becomes of them is
// decided by Complete; files that nothing comes to refer to are collected later.
func (w *Worker) publish(ctx context.Context, log *slog.Logger, user int64, key string, source Spooled) (catalog.Rendition, error) {
	var rendered Rendered
	err := step(ctx, log, "render", func(ctx context.Context) (in, out int64, err error) {
		rendered, err = w.render(ctx, user, source)
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
	err = step(ctx, log, "store", func(ctx context.Context) (in, out int64, err error) {
		rendition.Compressed, err = w.store(ctx, key, "compressed", rendered.Compressed)
		if err == nil {
			failpoint.Crash(failpoint.StoredFirst)
		}
		for _, v := range rendered.Variants {
			if err != nil {
				break
			}
			var stored catalog.Output
			stored, err = w.store(ctx, key, "w"+strconv.Itoa(v.Width), v)
			rendition.Variants = append(rendition.Variants, stored)
		}
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

// step logs one step of an image's work with its duration and its bytes.
func step(ctx context.Context, log *slog.Logger, name string, do func(context.Context) (in, out int64, err error)) error {
	started := time.Now()
	in, out, err := do(ctx)
	log = log.With("step", name, "duration", time.Since(started), "bytes_in", in, "bytes_out", out)
	switch {
	case err != nil: // the outcome of the attempt is logged by the worker
		log.DebugContext(ctx, "image step failed", "error", err)
	default:
		log.InfoContext(ctx, "image step done")
	}
	return err
}
