package upload

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/catalog/imageurl"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// Fetcher reads uploads from the storage, and has another one fetch everything else.
type Fetcher struct {
	Network  media.Fetcher
	Blobs    Blobs
	MaxBytes int64 // of an upload that is an image: one of a file of products may have more
}

var _ media.Fetcher = Fetcher{}

// Fetch implements media.Fetcher. The content of an upload never changes.
func (f Fetcher) Fetch(ctx context.Context, s media.Source, into io.Writer) (media.Answer, error) {
	sum, ok := imageurl.UploadOf(s.URL)
	if !ok {
		return f.Network.Fetch(ctx, s, into)
	}
	version := media.Version{ETag: `"` + hex.EncodeToString(sum[:]) + `"`}
	if s.Known == version {
		return media.Answer{Version: version, Unchanged: true}, nil
	}
	err := f.read(ctx, blob.SourceKey(sum), into)
	switch _, failed := fault.FailureOf(err); {
	case err == nil:
		return media.Answer{Version: version}, nil
	case ctx.Err() != nil:
		return media.Answer{}, fmt.Errorf("read upload: %w", ctx.Err())
	case failed: // the writer's, or too large
		return media.Answer{}, err
	case fault.KindOf(err) == fault.NotFound:
		return media.Answer{}, fault.Fail(fault.SourceNotFound, "The uploaded file is not in the storage any more.", err)
	default:
		return media.Answer{}, fault.Fail(fault.StorageUnavailable, "The uploaded file could not be read.", err)
	}
}

func (f Fetcher) read(ctx context.Context, key string, into io.Writer) error {
	object, err := f.Blobs.Open(ctx, key)
	if err != nil {
		return err
	}
	defer object.Body.Close()
	if object.Bytes > f.MaxBytes {
		return media.TooLarge(f.MaxBytes)
	}
	if n, err := io.Copy(into, object.Body); err != nil {
		return err
	} else if n != object.Bytes {
		return fmt.Errorf("%s ended after %d of %d bytes: %w", key, n, object.Bytes, io.ErrUnexpectedEOF)
	}
	return nil
}
