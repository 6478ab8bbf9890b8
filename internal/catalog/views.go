package catalog

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/fault"
)

// ViewCache is the read-through cache that Views need; cache/readthrough is
// its implementation. Load functions are called where the cache has no usable
// entry; their errors are returned as they are and never cached.
type ViewCache interface {
	// Load has an entry made again that is not usable.
	Load(ctx context.Context, key string, usable func(cache.Entry) bool, load LoadFunc) (cache.Entry, error)
	LoadIn(ctx context.Context, group, key string, load LoadFunc) (cache.Entry, error)
	Invalidate(ctx context.Context, key string, version int64) error
	// Saw notes that the version under key was served from elsewhere: nothing older is
	// served by this process from then on.
	Saw(key string, version int64)
	Bump(ctx context.Context, group string) error
	// BumpApart is Bump, but where any process has done so less than apart ago it does
	// nothing and returns how long it takes until it would.
	BumpApart(ctx context.Context, group string, apart time.Duration) (wait time.Duration, err error)
}

// LoadFunc makes an entry from the database.
type LoadFunc = func(ctx context.Context) (cache.Entry, error)

// View is an encoded answer to the read of a product.
type View struct {
	UserID   int64 // whose product it is
	Version  int64
	Revision int64
	Body     []byte // neither side may change it
}

// Views are the encoded answers to reads, kept fresh by announcements. Each has
// a tag, which names how it was encoded: processes that encode in another way
// (another program, another base of URLs) share the cache, but no answers.
type Views struct {
	cache ViewCache
	epoch Epoch
	bumps *bumps
	log   *slog.Logger
}

// Epoch returns the epoch of the installation, which stands in every key of the
// cache: what was cached under another one is not found. It is empty while it is
// not known, and usable says whether answers may be cached under it.
type Epoch func(ctx context.Context) (epoch string, usable bool)

// FixedEpoch returns an Epoch that does not change.
func FixedEpoch(epoch string) Epoch {
	return func(context.Context) (string, bool) { return epoch, true }
}

// NewViews returns the views in the cache. They are to be closed before it.
func NewViews(c ViewCache, epoch Epoch, log *slog.Logger) *Views {
	return &Views{
		cache: c, epoch: epoch, log: log,
		bumps: &bumps{bump: c.Bump, apart: c.BumpApart, log: log, recent: make(map[string]*recentBump)},
	}
}

// Close has lists made again for the progress that was announced last.
func (v *Views) Close() error { return v.bumps.close() }

// Product returns the encoded product of that tag, from the cache or from load, which
// does not ask whose it is: all who read the product at once share it. ErrNoProduct where
// the principal may not read it. The tag is in the entry, not in its key: who invalidates it, a worker for
// one, does not know with which tags it is read.
func (v *Views) Product(
	ctx context.Context, by auth.Principal, id int64, tag string, load func(context.Context) (View, error),
) (View, error) {
	view, err := v.product(ctx, id, tag, load)
	if err == nil && !by.Reads(view.UserID) {
		return View{}, ErrNoProduct
	}
	return view, err
}

func (v *Views) product(ctx context.Context, id int64, tag string, load func(context.Context) (View, error)) (View, error) {
	epoch, usable := v.epoch(ctx)
	if !usable {
		return v.direct(ctx, id, load)
	}
	e, err := v.cache.Load(ctx, ProductKey(epoch, id),
		func(e cache.Entry) bool {
			return len(e.Body) >= len(tag)+headBytes && string(e.Body[:len(tag)]) == tag
		},
		func(ctx context.Context) (cache.Entry, error) {
			view, err := load(ctx)
			if err != nil {
				return cache.Entry{}, err
			}
			body := slices.Grow([]byte(tag), headBytes+len(view.Body))
			body = binary.BigEndian.AppendUint64(body, uint64(view.UserID))  //nolint:gosec // ids are positive
			body = binary.BigEndian.AppendUint64(body, uint64(view.Version)) //nolint:gosec // versions are positive
			return cache.Entry{Version: view.Revision, Body: append(body, view.Body...)}, nil
		})
	if err != nil {
		return View{}, err
	}
	body := e.Body[len(tag):]
	user, version := binary.BigEndian.Uint64(body), binary.BigEndian.Uint64(body[8:])
	return View{UserID: int64(user), Version: int64(version), Revision: e.Version, Body: body[headBytes:]}, nil //nolint:gosec // as they were written
}

// direct reads past the cache, from which nothing older is served afterwards. The epoch is
// asked for again: it may be known by now.
func (v *Views) direct(ctx context.Context, id int64, load func(context.Context) (View, error)) (View, error) {
	view, err := load(ctx)
	revision := view.Revision
	switch {
	case fault.KindOf(err) == fault.NotFound:
		revision = cache.Gone
	case err != nil:
		return View{}, err
	}
	if epoch, _ := v.epoch(ctx); epoch != "" {
		v.cache.Saw(ProductKey(epoch, id), revision)
	}
	return view, err
}

// headBytes is the length of the user and the version, which stand between the tag and
// the body of a cached product; its revision is the version of the entry.
const headBytes = 16

// Selection is what a filter selects, encoded in the way of a tag.
type Selection struct {
	user int64
	key  string // "": it is not cached
}

// Select returns what the filter selects. With UpdatedAfter it is not cached: whoever asks for what has changed
// asks each time for what came after the last answer.
// fault.Invalid: a filter at fault must not find the page of one that reads the same without.
func (f Filter) Select(tag string) (Selection, error) {
	if err := f.check(); err != nil || !f.UpdatedAfter.IsZero() {
		return Selection{}, err
	}
	return Selection{f.UserID, f.ofStore().fingerprint(tag)}, nil
}

// List returns the encoded page of the selection.
func (v *Views) List(ctx context.Context, s Selection, load LoadFunc) (cache.Entry, error) {
	epoch, usable := v.epoch(ctx)
	if !usable || s.key == "" {
		return load(ctx)
	}
	return v.cache.LoadIn(ctx, listGroup(epoch, s.user), s.key, load)
}

// Announce invalidates what the changes made old: the products, and the lists of
// their users, which may be a second old for the progress of images, never for edits.
func (v *Views) Announce(ctx context.Context, changed ...Changed) {
	if err := v.Invalidate(ctx, changed...); err != nil {
		v.log.WarnContext(ctx, "invalidation failed, the event log will repeat it",
			"product", changed[0].ProductID, "revision", changed[0].Revision, "changes", len(changed), "error", err)
	}
}

// Invalidate is Announce for a caller that repeats it until it succeeds.
func (v *Views) Invalidate(ctx context.Context, changed ...Changed) error {
	if len(changed) == 0 {
		return nil
	}
	epoch, _ := v.epoch(ctx)
	if epoch == "" {
		return errEpochUnknown()
	}
	return v.invalidate(ctx, epoch, changed)
}

// invalidate invalidates each product at the newest of its revisions, and bumps the lists of each
// user once, at once where one of the changes is an edit. Each is called whatever became of the
// others: also a call that fails has this process take care not to use what is old.
func (v *Views) invalidate(ctx context.Context, epoch string, changed []Changed) error {
	revisions, edits := make(map[int64]int64), make(map[int64]bool)
	for _, c := range changed {
		revisions[c.ProductID], edits[c.UserID] = max(revisions[c.ProductID], c.Revision), edits[c.UserID] || c.Edit
	}
	var calls []func() error
	for product, revision := range revisions {
		if revision > first { // else there is nothing older
			calls = append(calls, func() error { return v.invalidateProduct(ctx, epoch, product, revision) })
		}
	}
	for user, edit := range edits {
		bump := v.bumps.progressed
		if edit {
			bump = v.bumps.atOnce
		}
		calls = append(calls, func() error { return v.bumpLists(ctx, epoch, user, bump) })
	}
	if len(calls) <= 2 { // of one change
		var errs []error
		for _, call := range calls {
			errs = append(errs, call())
		}
		return errors.Join(errs...)
	}
	var group errgroup.Group
	group.SetLimit(invalidationsAtOnce)
	for _, call := range calls {
		group.Go(call)
	}
	return group.Wait() //nolint:wrapcheck // it says what failed
}

func errEpochUnknown() error { return fault.New(fault.Unavailable, "the epoch is not known yet") }

func (v *Views) invalidateProduct(ctx context.Context, epoch string, id, revision int64) error {
	if err := v.cache.Invalidate(ctx, ProductKey(epoch, id), revision); err != nil {
		return fmt.Errorf("invalidate product %d: %w", id, err)
	}
	return nil
}

func (v *Views) bumpLists(ctx context.Context, epoch string, user int64, bump func(context.Context, string) error) error {
	group := listGroup(epoch, user)
	if err := bump(ctx, group); err != nil {
		return fmt.Errorf("bump %s: %w", group, err)
	}
	return nil
}

// ProductKey is where the cache holds the product.
func ProductKey(epoch string, id int64) string {
	return "product:" + epoch + ":" + strconv.FormatInt(id, 10)
}

// listGroup holds the lists of one user.
func listGroup(epoch string, userID int64) string {
	return "lists:" + epoch + ":" + strconv.FormatInt(userID, 10)
}
