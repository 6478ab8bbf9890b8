package installation

import (
	"context"
	"errors"
	"fmt"
	"io"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/fault"
)

// MarkerKey is the object that names the installation. No published key looks
// like it; storages accept names of pictures only.
const MarkerKey = "installation/marker.webp"

// maxMarker bounds what is read of it.
const maxMarker = 256

// Files is what a StorageMarker needs of blob.Store.
type Files interface {
	Put(ctx context.Context, key, contentType string, body []byte) error
	PutNew(ctx context.Context, key, contentType string, body []byte) (stored bool, err error)
	Open(ctx context.Context, key string) (blob.Object, error)
	List(ctx context.Context, prefix string, visit func(blob.Info) error) error
}

// StorageMarker is an object in the storage of pictures. It is only made where
// nothing was published.
type StorageMarker struct {
	Files Files
	// Published reports whether the database knows of published pictures.
	Published func(ctx context.Context) (bool, error)
	// Ours reports whether an object has a name that published pictures have.
	Ours func(key string) bool
}

var _ Marker = StorageMarker{}

// Claim implements Marker.
func (m StorageMarker) Claim(ctx context.Context, id string) (owner string, err error) {
	if owner, err = m.owner(ctx); err != nil || owner != "" {
		return owner, err
	}
	if occupied, err := m.occupied(ctx); err != nil || occupied {
		return "", err
	}
	if _, err := m.Files.PutNew(ctx, MarkerKey, "image/webp", []byte(id)); err != nil {
		return "", fmt.Errorf("mark storage: %w", err)
	}
	// Read back: another may have been first, and a server that knows no
	// conditions has let the last one win.
	return m.owner(ctx)
}

// Replace implements Marker.
func (m StorageMarker) Replace(ctx context.Context, id string) error {
	if err := m.Files.Put(ctx, MarkerKey, "image/webp", []byte(id)); err != nil {
		return fmt.Errorf("mark storage: %w", err)
	}
	return nil
}

func (m StorageMarker) owner(ctx context.Context) (id string, err error) {
	object, err := m.Files.Open(ctx, MarkerKey)
	if fault.KindOf(err) == fault.NotFound {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read marker of storage: %w", err)
	}
	body, err := io.ReadAll(io.LimitReader(object.Body, maxMarker))
	if err = errors.Join(err, object.Body.Close()); err != nil {
		return "", fmt.Errorf("read marker of storage: %w", err)
	}
	return string(body), nil
}

// occupied reports whether something lies there, or should.
func (m StorageMarker) occupied(ctx context.Context) (bool, error) {
	if published, err := m.Published(ctx); err != nil || published {
		return published, err
	}
	found := errors.New("found")
	err := m.Files.List(ctx, "", func(info blob.Info) error {
		if m.Ours(info.Key) {
			return found
		}
		return nil
	})
	if errors.Is(err, found) {
		return true, nil
	}
	return false, err
}
