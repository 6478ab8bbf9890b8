package app

import (
	"bytes"
	"context"
	"io"

	"vitrine.dev/internal/app/config"
	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/installation"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqlstore"
)

// externalParts returns the parts that are servers of their own.
func externalParts(cfg config.Config) (parts []installation.Part) {
	for part, host := range map[installation.Part]string{
		installation.Cache: cfg.RedisHost, installation.Queue: cfg.QueueHost, installation.Storage: cfg.S3Bucket,
	} {
		if host != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// storageMarker is what names the installation in its storage.
func storageMarker(store *sqlstore.Store, blobs blob.Store) installation.StorageMarker {
	return installation.StorageMarker{
		Files: blobs, Published: store.Published,
		Ours: func(key string) bool { _, ours := media.RenditionOf(key); return ours || blob.Private(key) },
	}
}

// guardBlobs returns the storage, which is used only while it is this
// installation's. An API beside workers with a folder need not have theirs, until it is to
// keep an upload there.
func (p *process) guardBlobs(blobs blob.Store) blob.Store {
	marker := storageMarker(p.store, blobs)
	guarded := guardedBlobs{blobs, p.identity.Guard(installation.Storage, marker), p.cfg.S3Bucket != "" || p.role.worker}
	if guarded.needed {
		p.identity.Mark(installation.Storage, marker)
	}
	return guarded
}

// guardedBlobs stores nothing in a storage of another installation.
type guardedBlobs struct {
	blob.Store

	guard  *installation.Guard
	needed bool // the process cannot do its work without
}

func (b guardedBlobs) Put(ctx context.Context, key, contentType string, body []byte) error {
	return b.PutFrom(ctx, key, contentType, bytes.NewReader(body))
}

func (b guardedBlobs) PutFrom(ctx context.Context, key, contentType string, body io.ReadSeeker) error {
	if err := b.guard.Check(ctx); err != nil {
		return err
	}
	err := b.Store.PutFrom(ctx, key, contentType, body)
	if err != nil {
		b.guard.Failed()
	}
	return err
}

func (b guardedBlobs) Ping(ctx context.Context) error {
	err := b.Store.Ping(ctx)
	if err != nil {
		b.guard.Failed()
		return err
	}
	if !b.needed {
		return nil
	}
	// Without its database it is not known whose the storage is: an outcome of a probe would say nothing of it, and be
	// believed for a minute.
	if err := b.guard.Check(ctx); installation.Refused(err) || installation.Unknown(err) {
		return err
	}
	return nil
}

// admit finds out whether this process may work. Where the database cannot be
// reached it is found out later.
func (p *process) admit(ctx context.Context) error {
	err := p.identity.Admit(ctx)
	if !installation.Refused(err) && fault.KindOf(err) == fault.Unavailable {
		return nil
	}
	return err
}

// mayCollect returns nil where files in the storage that the database does not
// know are no one else's.
func mayCollect(identity *installation.Identity, blobs blob.Store, store *sqlstore.Store) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := identity.MayDelete(); err != nil {
			return err
		}
		id, err := identity.ID()
		if err != nil {
			return err
		}
		return installation.Check(ctx, installation.Storage, storageMarker(store, blobs), id)
	}
}
