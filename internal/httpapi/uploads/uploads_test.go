package uploads_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpapi/uploads"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/signing"
	"vitrine.dev/internal/spool"
	"vitrine.dev/internal/upload"
)

const picture = "picture"

// bucket is a storage, with a database, to which the picture of one upload was sent.
type bucket struct {
	upload.Store
	upload.Blobs
	upload.Presigner

	upload  upload.Upload
	opened  int
	another bool // another request completes the upload when this one opens it
}

func (b *bucket) Upload(context.Context, string) (upload.Upload, error) { return b.upload, nil }

func (*bucket) BeginUpload(context.Context) (time.Time, error) { return time.Now(), nil }

func (b *bucket) CompleteUpload(context.Context, string, catalog.Source) error {
	b.upload.Stored = true
	return nil
}

func (b *bucket) Open(context.Context, string) (blob.Object, error) {
	b.opened++
	if b.another {
		b.upload.Stored = true
		return blob.Object{}, fault.New(fault.NotFound, "no such object")
	}
	return blob.Object{Body: io.NopCloser(strings.NewReader(picture))}, nil
}

func (*bucket) PutFrom(context.Context, string, string, io.ReadSeeker) error { return nil }

func (*bucket) Delete(context.Context, string) error { return nil }

// TestCompleteTwiceAtOnce: who completes an upload that another request has just completed is told so.
func TestCompleteTwiceAtOnce(t *testing.T) {
	t.Parallel()
	b := &bucket{upload: upload.Upload{ID: "u", UserID: 1, Bytes: int64(len(picture))}, another: true}
	s := upload.NewService(b, b, b, spool.New(t.TempDir(), 1<<20), 1000)
	if u, err := s.Complete(t.Context(), auth.Everyone(), "u"); err != nil || !u.Stored {
		t.Errorf("%+v, %v", u, err)
	}
}

// TestCompleteWaitsForRoom: pictures that are looked at when they are completed take of the same
// room as those that are received here; what is complete needs none.
func TestCompleteWaitsForRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &bucket{upload: upload.Upload{ID: "u", UserID: 1, Bytes: int64(len(picture)), Sum: sha256.Sum256([]byte(picture))}}
		room := httpkit.NewBudget(100, nil)
		h := &uploads.Handler{Service: upload.NewService(b, b, b, spool.New(t.TempDir(), 1<<20), 1000), Receiving: room}
		complete := func() error {
			r := httptest.NewRequestWithContext(auth.With(t.Context(), auth.Everyone()), http.MethodPost, "/uploads/u/complete", nil)
			r.SetPathValue("id", "u")
			return h.Complete(httptest.NewRecorder(), r)
		}
		all, err := room.Take(t.Context(), 1<<30) // more than there is: whoever needs that has it alone
		if err != nil {
			t.Fatal(err)
		}
		if err := complete(); fault.KindOf(err) != fault.Unavailable || b.opened != 0 {
			t.Errorf("without room: %v, opened %d times", err, b.opened)
		}
		all.Free()
		if err := complete(); err != nil {
			t.Errorf("with room: %v", err)
		}
		if all, err = room.Take(t.Context(), 100); err != nil {
			t.Fatalf("the room was not given back: %v", err)
		}
		defer all.Free()
		if err := errors.Join(complete(), complete()); err != nil || b.opened != 1 {
			t.Errorf("again: %v, opened %d times", err, b.opened)
		}
	})
}

// TestSendIsLate: a file that takes longer than two hours to arrive is refused, and has given its room back.
func TestSendIsLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &bucket{upload: upload.Upload{ID: "u", UserID: 1, Bytes: int64(len(picture)), Sum: sha256.Sum256([]byte(picture))}}
		h := &uploads.Handler{
			Service:   upload.NewService(b, b, nil, spool.New(t.TempDir(), 1<<20), 1000),
			Receiving: httpkit.NewBudget(20, nil), Signing: signing.New(secret(signing.NewSecret()), slog.New(slog.DiscardHandler)),
		}
		for pause, late := range map[time.Duration]bool{time.Minute: false, 20 * time.Minute: true} {
			b.upload.Stored = false
			err := send(t, h, &slowly{strings.NewReader(picture), pause})
			if refused := err != nil && strings.Contains(err.Error(), "took too long"); refused != late || b.upload.Stored == late {
				t.Errorf("with %s for each byte: %v, stored %t", pause, err, b.upload.Stored)
			}
		}
		if _, err := h.Receiving.TakeNow(t.Context(), 20); err != nil {
			t.Error("the room was not given back")
		}
	})
}

// slowly returns a byte after each pause.
type slowly struct {
	io.Reader

	pause time.Duration
}

func (s *slowly) Read(p []byte) (int, error) {
	time.Sleep(s.pause)
	return s.Reader.Read(p[:1])
}

// send sends the body to where the upload is awaited.
func send(t *testing.T, h *uploads.Handler, body io.Reader) error {
	t.Helper()
	until := binary.BigEndian.AppendUint64(nil, uint64(time.Now().Add(time.Hour).UnixMilli()))
	token, err := h.Signing.Seal(t.Context(), signing.Uploads, []byte("u"), until)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/uploads/u/content?token="+token, body)
	r.SetPathValue("id", "u")
	params, err := httpkit.ReadParams(r.URL.RawQuery, []string{"token"})
	if err != nil {
		t.Fatal(err)
	}
	return h.Send(httptest.NewRecorder(), httpkit.WithParams(r, params))
}

// secret signs, and no other does.
type secret signing.Secret

func (s secret) SigningKeys(context.Context, signing.Secret) ([]signing.Key, error) {
	return []signing.Key{{Secret: signing.Secret(s)}}, nil
}

// TestSendTakesItsOwnRoom: a picture that is sent takes as much room as was announced, and of the
// owner's half.
func TestSendTakesItsOwnRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &bucket{upload: upload.Upload{ID: "u", UserID: 1, Bytes: int64(len(picture)), Sum: sha256.Sum256([]byte(picture))}}
		room, keys := httpkit.NewBudget(20, nil), signing.New(secret(signing.NewSecret()), slog.New(slog.DiscardHandler))
		h := &uploads.Handler{Service: upload.NewService(b, b, nil, spool.New(t.TempDir(), 1<<20), 1000), Receiving: room, Signing: keys}
		for name, held := range map[string]struct {
			user, bytes int64
			want        fault.Kind
		}{
			"there is as much":       {2, 10, fault.Internal},
			"there is less":          {0, 14, fault.Unavailable},
			"the owner has as much":  {1, 3, fault.Internal},
			"the owner has had half": {1, 4, fault.Unavailable},
		} {
			share, err := room.TakeFor(t.Context(), held.user, held.bytes)
			if err != nil {
				t.Fatal(err)
			}
			if err := send(t, h, strings.NewReader(picture)); (err == nil) != (held.want == fault.Internal) || err != nil && fault.KindOf(err) != held.want {
				t.Errorf("%s: %v", name, err)
			}
			share.Free()
		}
	})
}
