package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/gc"
)

// atOnce is how many files are copied at the same time. Each is in memory as a whole.
const atOnce = 8

// Files are the published files of an installation and where they are copied.
type Files struct {
	Store    gc.Store // of the installation
	From, To blob.Store
	// Mark marks To as the installation's; its error is why it is not.
	Mark func(ctx context.Context) error
	// Progress is called after each of gc.Partitions parts; nil for none.
	Progress func(done, all int, files int64)
}

// Copied is what a copy did.
type Copied struct {
	Files, Bytes int64 // that were copied
	Missing      int64 // that the source does not have, as it should
}

// Copy copies all files that the database refers to and that the target lacks or
// has with another length, so that it goes on where an earlier one was broken off.
// Files that nothing refers to stay behind. fault.Unavailable; errors of Mark.
func (f Files) Copy(ctx context.Context) (Copied, error) {
	if err := f.Mark(ctx); err != nil {
		return Copied{}, fmt.Errorf("mark the target storage: %w", err)
	}
	target := gc.NewFiles(f.Store, f.To, gc.Config{})
	var done counts
	for part := range gc.Partitions {
		if err := f.part(ctx, target, part, &done); err != nil {
			return done.copied(), fmt.Errorf("copy files: %w", err)
		}
		if f.Progress != nil {
			f.Progress(part+1, gc.Partitions, done.files.Load())
		}
	}
	if err := f.imports(ctx, &done); err != nil {
		return done.copied(), fmt.Errorf("copy files of imports: %w", err)
	}
	return done.copied(), nil
}

type counts struct{ files, bytes, missing atomic.Int64 }

func (c *counts) copied() Copied { return Copied{c.files.Load(), c.bytes.Load(), c.missing.Load()} }

func (f Files) part(ctx context.Context, target *gc.Files, part int, done *counts) error {
	missing, err := target.Missing(ctx, part)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, key := range slices.Sorted(maps.Keys(missing)) {
		group.Go(func() error {
			bytes, err := f.file(ctx, key)
			if fault.KindOf(err) == fault.NotFound {
				done.missing.Add(1)
				return nil
			}
			if err == nil {
				done.files.Add(1)
				done.bytes.Add(bytes)
			}
			return err
		})
	}
	return group.Wait()
}

func (f Files) file(ctx context.Context, key string) (bytes int64, err error) {
	object, err := f.From.Open(ctx, key)
	if err != nil {
		return 0, err
	}
	body, err := io.ReadAll(object.Body)
	if err = errors.Join(err, object.Body.Close()); err != nil {
		return 0, fmt.Errorf("read object %s: %w", key, err)
	}
	return int64(len(body)), f.To.Put(ctx, key, object.ContentType, body)
}
