package upload

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/bulk"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

const (
	// SendWithin is for how long the URL of an upload is good.
	SendWithin = time.Hour
	// Life is for how long an upload waits for an image to be of it: then it is removed.
	Life = 24 * time.Hour
	// MaxWaiting bounds the uploads of a user that wait for their pictures.
	MaxWaiting = 1000
)

// The fields of an upload.
const (
	FieldBytes   = "bytes"
	FieldSHA256  = "sha256"
	FieldPurpose = "purpose"
)

// Purpose says what an upload is for, and so how long it may be.
type Purpose string

// The purposes.
const (
	ForImage  Purpose = "image"  // one of the images of products
	ForImport Purpose = "import" // a file of products, of at most bulk.MaxFileBytes
)

// Purposes lists them all.
func Purposes() []Purpose { return []Purpose{ForImage, ForImport} }

// Upload is a picture, or a file of products, that a client sends in two steps: it says what it
// will be, and sends it to where it is told.
type Upload struct {
	ID        string
	UserID    int64
	Sum       [sha256.Size]byte
	Bytes     int64
	Stored    bool // it is here, and images may be of it
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Draft is an upload as a client asks for it.
type Draft struct {
	UserID      int64 // 0: it names none
	Bytes       int64
	SHA256      string  // in hex digits
	Purpose     Purpose // "": ForImage
	FieldErrors fault.FieldErrors
}

// Target is where a picture is sent, by PUT.
type Target struct {
	URL     string
	Headers map[string]string
}

// Presigner is a storage that takes pictures from clients.
type Presigner interface {
	// PresignPut returns where an object of this length and content can be put, for so long,
	// by whoever is told.
	PresignPut(ctx context.Context, key string, bytes int64, sum [sha256.Size]byte, life time.Duration) (url string, headers map[string]string, err error)
}

// The answers for what does not exist, or is another's; for who goes on too early; and for who has
// begun too many.
var (
	ErrNoUpload = fault.New(fault.NotFound, "there is no such upload: it has expired, or never was")
	ErrNotSent  = fault.New(fault.Conflict, "it was not sent yet, or is not complete")
	ErrMany     = fault.New(fault.Conflict, fmt.Sprintf("the user has %d uploads that wait for their pictures, which is the most", MaxWaiting))
)

// Begin notes what will be sent. fault.Invalid, fault.Forbidden where it names another user, ErrMany.
func (s *Service) Begin(ctx context.Context, by auth.Principal, d Draft) (Upload, error) {
	user, err := by.For(d.UserID)
	if err != nil {
		return Upload{}, err
	}
	bad := d.FieldErrors
	if user == 0 && !bad.Has(catalog.FieldUserID) {
		bad.Add(catalog.FieldUserID, "is required")
	}
	most := s.maxBytes
	switch d.Purpose {
	case "", ForImage:
	case ForImport:
		most = bulk.MaxFileBytes
	default:
		bad.Add(FieldPurpose, "must be image or import")
	}
	if !bad.Has(FieldBytes) && (d.Bytes < 1 || d.Bytes > most) {
		bad.Add(FieldBytes, fmt.Sprintf("must be an integer from 1 to %d", most))
	}
	u := Upload{ID: strings.ToLower(rand.Text()), UserID: user, Bytes: d.Bytes}
	if n, err := hex.Decode(u.Sum[:], []byte(d.SHA256[:min(len(d.SHA256), 2*sha256.Size)])); !bad.Has(FieldSHA256) &&
		(err != nil || n != sha256.Size || len(d.SHA256) != 2*sha256.Size) {
		bad.Add(FieldSHA256, "must be the SHA-256 of what is sent in 64 hex digits")
	}
	if err := bad.Err(); err != nil {
		return Upload{}, err
	}
	u, err = s.store.AddUpload(ctx, u, Life, MaxWaiting)
	if errors.Is(err, catalog.ErrUnknownUser) {
		err = fault.InvalidField(catalog.FieldUserID, "is not a known user")
	}
	return u, err
}

// Target returns where the storage takes the picture; ok is false where it does not, and the API
// takes it: see Take.
func (s *Service) Target(ctx context.Context, u Upload) (t Target, ok bool, err error) {
	if s.presigner == nil {
		return t, false, nil
	}
	t.URL, t.Headers, err = s.presigner.PresignPut(ctx, blob.UploadKey(u.ID), u.Bytes, u.Sum, SendWithin)
	return t, true, err
}

// Get returns an upload. ErrNoUpload.
func (s *Service) Get(ctx context.Context, by auth.Principal, id string) (Upload, error) {
	u, err := s.store.Upload(ctx, id)
	if fault.KindOf(err) == fault.NotFound || err == nil && !by.Owns(u.UserID) {
		return Upload{}, ErrNoUpload
	}
	return u, err
}

// MostBytes is how much is read at most of what is sent for an upload: what a picture may have, or a
// file that was announced as longer.
func (s *Service) MostBytes(u Upload) int64 { return max(s.maxBytes, u.Bytes) }

// Content returns what was sent for an upload that is complete. ErrNoUpload, ErrNotSent.
func (s *Service) Content(ctx context.Context, by auth.Principal, id string) (blob.Object, error) {
	u, err := s.Get(ctx, by, id)
	if err == nil && !u.Stored {
		err = ErrNotSent
	}
	if err != nil {
		return blob.Object{}, err
	}
	return s.Source(ctx, u.Sum)
}

// Awaited returns an upload for whoever has a token of its. ErrNoUpload.
func (s *Service) Awaited(ctx context.Context, id string) (Upload, error) {
	u, err := s.store.Upload(ctx, id)
	if fault.KindOf(err) == fault.NotFound {
		err = ErrNoUpload
	}
	return u, err
}

// Take receives the picture of an upload. ErrNoUpload; fault.Invalid where it is another one; errors as
// of Receive.
func (s *Service) Take(ctx context.Context, u Upload, body io.Reader) error {
	return s.complete(ctx, u, body)
}

// Complete makes sure that the picture is here, so that images may be of it. ErrNoUpload, ErrNotSent;
// fault.Invalid where another picture was sent.
func (s *Service) Complete(ctx context.Context, by auth.Principal, id string) (Upload, error) {
	u, err := s.Get(ctx, by, id)
	if err != nil || u.Stored {
		return u, err
	}
	if s.presigner == nil {
		return Upload{}, ErrNotSent
	}
	object, err := s.blobs.Open(ctx, blob.UploadKey(id))
	if fault.KindOf(err) == fault.NotFound { // never sent, or completed by another request just now
		if u, err = s.Get(ctx, by, id); err == nil && !u.Stored {
			err = ErrNotSent
		}
		return u, err
	}
	if err != nil {
		return Upload{}, err
	}
	defer object.Body.Close()
	if err := s.complete(ctx, u, object.Body); err != nil {
		return Upload{}, err
	}
	u.Stored = true
	// What cannot be deleted now is collected later.
	_ = s.blobs.Delete(ctx, blob.UploadKey(id))
	return u, nil
}

// complete keeps the picture if it is the one that was announced.
func (s *Service) complete(ctx context.Context, u Upload, body io.Reader) error {
	f, err := s.receive(io.LimitReader(body, u.Bytes+1), s.MostBytes(u)) // no more than one byte of what is too much
	if err != nil && !errors.Is(err, ErrEmpty) {
		return err
	}
	var sent fault.FieldErrors
	switch {
	case err != nil:
		sent.Add(FieldBytes, "is not what was sent: nothing was")
	case f.Len() > u.Bytes:
		sent.Add(FieldBytes, fmt.Sprintf("is not what was sent: more than %d bytes were", u.Bytes))
	case f.Len() < u.Bytes:
		sent.Add(FieldBytes, fmt.Sprintf("is not what was sent: %d bytes were", f.Len()))
	case f.Sum != u.Sum:
		sent.Add(FieldSHA256, "is not that of what was sent, which is "+hex.EncodeToString(f.Sum[:]))
	}
	if f != nil {
		defer f.Close()
	}
	if len(sent) > 0 {
		return sent.Err()
	}
	source, err := s.Keep(ctx, f)
	if err != nil {
		return err
	}
	err = s.store.CompleteUpload(ctx, u.ID, source)
	if fault.KindOf(err) == fault.NotFound {
		return ErrNoUpload
	}
	return err
}
