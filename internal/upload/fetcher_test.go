package upload_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/catalog/imageurl"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/upload"
)

// storage has one object.
type storage struct {
	upload.Blobs

	key  string
	body func() io.Reader
	more int64 // bytes than those of "picture"
	err  error
}

func (s storage) Open(_ context.Context, key string) (blob.Object, error) {
	switch {
	case s.err != nil:
		return blob.Object{}, s.err
	case key != s.key:
		return blob.Object{}, fault.New(fault.NotFound, "no such object")
	}
	return blob.Object{Info: blob.Info{Key: key, Bytes: int64(len("picture")) + s.more}, Body: io.NopCloser(s.body())}, nil
}

type network struct{ err error }

func (n network) Fetch(context.Context, media.Source, io.Writer) (media.Answer, error) {
	return media.Answer{}, n.err
}

// refusing is a writer that has no room.
type refusing struct{ err error }

func (w refusing) Write([]byte) (int, error) { return 0, w.err }

func TestFetch(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte("picture"))
	url := imageurl.Upload(sum)
	whole := func() io.Reader { return bytes.NewReader([]byte("picture")) }
	f := upload.Fetcher{Network: network{errors.New("from the network")}, Blobs: storage{key: blob.SourceKey(sum), body: whole}, MaxBytes: 7}
	var got bytes.Buffer
	answer, err := f.Fetch(t.Context(), media.Source{URL: url}, &got)
	if err != nil || got.String() != "picture" || answer.Unchanged || answer.ETag == "" || len(answer.ETag) > media.MaxValidatorBytes {
		t.Errorf("%q, %+v, %v", &got, answer, err)
	}
	got.Reset()
	if again, err := f.Fetch(t.Context(), media.Source{URL: url, Known: answer.Version}, &got); err != nil || !again.Unchanged || got.Len() != 0 {
		t.Errorf("again: %q, %+v, %v", &got, again, err)
	}
	if _, err := f.Fetch(t.Context(), media.Source{URL: url, Known: media.Version{ETag: `"x"`}}, &got); err != nil || got.String() != "picture" {
		t.Errorf("with another version known: %q, %v", &got, err)
	}
	for _, u := range []string{"https://a.example/1.jpg", url[:len(url)-1]} {
		if _, err := f.Fetch(t.Context(), media.Source{URL: u}, io.Discard); err == nil || err.Error() != "from the network" {
			t.Errorf("%s: %v", u, err)
		}
	}
}

func TestFetchFails(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte("picture"))
	room := fault.Fail(fault.StorageUnavailable, "There was no room.", nil)
	whole := func() io.Reader { return bytes.NewReader([]byte("picture")) }
	for name, c := range map[string]struct {
		blobs storage
		into  io.Writer
		want  fault.Reason
	}{
		"gone":        {storage{}, io.Discard, fault.SourceNotFound},
		"unavailable": {storage{err: fault.New(fault.Unavailable, "down")}, io.Discard, fault.StorageUnavailable},
		"broken": {storage{key: blob.SourceKey(sum), body: func() io.Reader {
			return io.MultiReader(bytes.NewReader([]byte("pic")), iotest.ErrReader(errors.New("reset")))
		}}, io.Discard, fault.StorageUnavailable},
		"cut off":   {storage{key: blob.SourceKey(sum), body: func() io.Reader { return bytes.NewReader([]byte("pict")) }}, io.Discard, fault.StorageUnavailable},
		"too large": {storage{key: blob.SourceKey(sum), body: func() io.Reader { return bytes.NewReader([]byte("pictures")) }, more: 1}, io.Discard, fault.TooLargeBytes},
		"no room":   {storage{key: blob.SourceKey(sum), body: whole}, refusing{room}, fault.StorageUnavailable},
	} {
		_, err := upload.Fetcher{Blobs: c.blobs, MaxBytes: 7}.Fetch(t.Context(), media.Source{URL: imageurl.Upload(sum)}, c.into)
		if f, ok := fault.FailureOf(err); !ok || f.Reason != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := upload.Fetcher{Blobs: storage{err: context.Canceled}}.Fetch(ended, media.Source{URL: imageurl.Upload(sum)}, io.Discard)
	if _, failed := fault.FailureOf(err); failed || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
