package upload

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/imageurl"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// Store is what uploads need of the database. Errors are of kind fault.Unavailable where it cannot
// be reached.
type Store interface {
	// BeginUpload returns the time of the database's clock.
	BeginUpload(ctx context.Context) (time.Time, error)
	// AddUpload stores the upload, which expires after life. ErrMany where so many of the user wait for their pictures,
	// catalog.ErrUnknownUser.
	AddUpload(ctx context.Context, u Upload, life time.Duration, most int) (Upload, error)
	// Upload returns one that has not expired. fault.NotFound.
	Upload(ctx context.Context, id string) (Upload, error)
	// CompleteUpload notes that the picture of the upload is stored, and keeps it until the upload has
	// expired. fault.NotFound; fault.Unavailable where an earlier copy of it is being collected.
	CompleteUpload(ctx context.Context, id string, s catalog.Source) error
	// ExpireUploads removes at most limit uploads that have expired, and returns how many.
	ExpireUploads(ctx context.Context, limit int) (int, error)
}

// Blobs is what uploads need of blob.Store.
type Blobs interface {
	Delete(ctx context.Context, key string) error
	PutFrom(ctx context.Context, key, contentType string, body io.ReadSeeker) error
	Open(ctx context.Context, key string) (blob.Object, error)
}

// Service takes pictures. It is safe for concurrent use.
type Service struct {
	store     Store
	blobs     Blobs
	presigner Presigner
	spool     media.Spool
	maxBytes  int64
}

// NewService returns a Service of pictures of at most so many bytes. Where there is a presigner, the
// storage itself takes what is sent in two steps.
func NewService(store Store, blobs Blobs, presigner Presigner, spool media.Spool, maxBytes int64) *Service {
	return &Service{store: store, blobs: blobs, presigner: presigner, spool: spool, maxBytes: maxBytes}
}

// MaxBytes is how long a picture may be.
func (s *Service) MaxBytes() int64 { return s.maxBytes }

// ErrTooLarge and ErrEmpty are why a picture is not taken.
var (
	ErrTooLarge = errors.New("the picture has too many bytes")
	ErrEmpty    = errors.New("the picture is empty")
)

// File is a picture that was received. It must be closed.
type File struct {
	media.Spooled

	Sum [sha256.Size]byte
}

// Receive reads a picture to its end, of which a part is in memory and the rest on disk.
// ErrTooLarge, ErrEmpty; fault.Unavailable where there is no room; errors of the reader.
func (s *Service) Receive(from io.Reader) (*File, error) { return s.receive(from, s.maxBytes) }

func (s *Service) receive(from io.Reader, most int64) (*File, error) {
	f := &File{Spooled: s.spool.New()}
	content := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, content), io.LimitReader(from, most+1))
	if full, ok := fault.FailureOf(err); ok {
		err = fault.Wrap(fault.Unavailable, "there is no room to receive the picture; try again", full)
	}
	switch {
	case err != nil:
	case n == 0:
		err = ErrEmpty
	case n > most:
		err = ErrTooLarge
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	content.Sum(f.Sum[:0])
	return f, nil
}

// Keep stores the picture, for an image that is added next: until then nothing refers to it, and
// it is collected like any other file that nothing refers to. fault.Unavailable.
func (s *Service) Keep(ctx context.Context, f *File) (catalog.Source, error) {
	begun, err := s.store.BeginUpload(ctx)
	if err != nil {
		return catalog.Source{}, err
	}
	if err := s.blobs.PutFrom(ctx, blob.SourceKey(f.Sum), blob.SourceType, f.Reader()); err != nil {
		return catalog.Source{}, fmt.Errorf("keep upload: %w", err)
	}
	return catalog.Source{Sum: f.Sum, Bytes: f.Len(), BegunAt: begun}, nil
}

// ErrNotUploaded is the answer to who reads the upload of an image that has a URL.
var ErrNotUploaded = fault.New(fault.NotFound, "the image was not uploaded: its source is at its source_url")

// Open returns the file of an image that was uploaded, and what names its content. ErrNotUploaded;
// fault.NotFound, fault.Unavailable.
func (s *Service) Open(ctx context.Context, img catalog.Image) (blob.Object, error) {
	sum, ok := imageurl.UploadOf(img.SourceURL)
	if !ok {
		return blob.Object{}, ErrNotUploaded
	}
	return s.Source(ctx, sum)
}

// Source returns the file of a picture by its SHA-256, for who may read it. fault.NotFound,
// fault.Unavailable.
func (s *Service) Source(ctx context.Context, sum [sha256.Size]byte) (blob.Object, error) {
	return s.blobs.Open(ctx, blob.SourceKey(sum))
}
