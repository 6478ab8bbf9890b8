package imports

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/bulk"
	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failpoint"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/paging"
	"vitrine.dev/internal/requestid"
)

// The names of an order's fields, as clients write them; bulk.FieldPolicy and bulk.FieldMode are
// others.
const (
	FieldDryRun    = "dry_run"
	FieldImageRate = "image_rate"
)

const (
	// MaxBytes bounds a file.
	MaxBytes = bulk.MaxFileBytes
	// MaxImageRate is the most images a second that can be asked for.
	MaxImageRate = 100_000
)

// Order asks for a file to be imported: where it does not say how, by bulk.Rows and catalog.Upsert.
type Order struct {
	Settings

	Format    rows.Format
	ImageRate int64 // images a second that are let in; 0 for no limit
}

// whole has what is not said.
func (o Order) whole() Order {
	o.Policy, o.Mode = cmp.Or(o.Policy, bulk.Rows), cmp.Or(o.Mode, catalog.Upsert)
	return o
}

func (o Order) check() error {
	var bad fault.FieldErrors
	if o.UserID == 0 {
		bad.AddAt(fault.Parameter(), catalog.FieldUserID, "is required")
	}
	if o.Policy != bulk.All && o.Policy != bulk.Rows {
		bad.AddAt(fault.Parameter(), bulk.FieldPolicy, "must be all or rows")
	}
	if o.Mode != catalog.Upsert && o.Mode != catalog.CreateOnly {
		bad.AddAt(fault.Parameter(), bulk.FieldMode, "must be upsert or create")
	}
	if o.ImageRate < 0 || o.ImageRate > MaxImageRate {
		bad.AddAt(fault.Parameter(), FieldImageRate, fmt.Sprintf("must be an integer from 1 to %d", MaxImageRate))
	}
	return bad.Err()
}

// Service is the use cases of the API. It is safe for concurrent use.
type Service struct {
	store Store
	blobs Blobs
	spool media.Spool
	wake  func() // wakes the job.Runner; never blocks
}

// NewService returns a Service that receives files into the spool.
func NewService(store Store, blobs Blobs, spool media.Spool, wake func()) *Service {
	return &Service{store: store, blobs: blobs, spool: spool, wake: wake}
}

// ErrTooLarge is why a file is not taken that has more than MaxBytes.
var ErrTooLarge = errors.New("the file has too many bytes")

// Begin receives a file to its end, keeps it in the storage, and makes an import of it: before
// that nothing exists. fault.Invalid where the order, or the beginning of the file, is at fault,
// which is found out before the rest is read; fault.Forbidden where it names another user;
// ErrTooLarge; fault.Unavailable; errors of the reader.
func (s *Service) Begin(ctx context.Context, by auth.Principal, o Order, from io.Reader) (Import, error) {
	var err error
	if o.UserID, err = by.For(o.UserID); err != nil {
		return Import{}, err
	}
	o = o.whole()
	if err := o.check(); err != nil {
		return Import{}, err
	}
	spooled := s.spool.New()
	defer spooled.Close()
	content := sha256.New()
	body := io.TeeReader(io.LimitReader(from, MaxBytes+1), io.MultiWriter(spooled, content))
	head, err := rows.ReadHead(body, o.Format)
	if err == nil {
		_, err = io.Copy(io.Discard, body)
	}
	if full, ok := fault.FailureOf(err); ok {
		err = fault.Wrap(fault.Unavailable, "there is no room to receive the file; try again", full)
	}
	switch {
	case err != nil:
		return Import{}, err
	case spooled.Len() > MaxBytes:
		return Import{}, ErrTooLarge
	}
	file := File{Key: blob.ImportKey(strings.ToLower(rand.Text())), SHA256: hex.EncodeToString(content.Sum(nil)), Bytes: spooled.Len(), Head: head}
	if err := s.blobs.PutFrom(ctx, file.Key, blob.SourceType, spooled.Reader()); err != nil {
		return Import{}, fmt.Errorf("keep the file of an import: %w", err)
	}
	failpoint.Crash(failpoint.ImportStored)
	return s.add(ctx, o, file)
}

func (s *Service) add(ctx context.Context, o Order, f File) (Import, error) {
	made, err := s.store.AddImport(ctx, Import{
		Job:      job.Job{Kind: Kind, Input: []byte("{}"), Rate: o.ImageRate, RequestID: requestid.From(ctx)},
		Settings: o.Settings, File: f, Phase: o.first(), At: f.Head.First,
	})
	if err != nil {
		if fault.KindOf(err) != fault.Unavailable { // else it may be there
			err = errors.Join(err, s.blobs.Delete(context.WithoutCancel(ctx), f.Key))
		}
		if errors.Is(err, catalog.ErrUnknownUser) {
			err = fault.InvalidParameter(catalog.FieldUserID, "is not a known user")
		}
		return Import{}, err
	}
	failpoint.Crash(failpoint.ImportAdded)
	s.wake()
	return made, nil
}

// Get returns an import. fault.NotFound, also where it is of what the principal may not read.
func (s *Service) Get(ctx context.Context, by auth.Principal, id int64) (Import, error) {
	i, err := s.store.Import(ctx, id)
	if fault.KindOf(err) == fault.NotFound || err == nil && !by.Reads(i.UserID) {
		return Import{}, errNoImport
	}
	return i, err
}

var errNoImport = fault.New(fault.NotFound, "there is no such import")

// List returns at most limit imports before the id, 0 for the newest, newest first, and whether
// there are more: of the user, 0 for whoever the principal may read; limit 0 stands for
// paging.Default. fault.Invalid; fault.Forbidden where it names another user.
func (s *Service) List(ctx context.Context, by auth.Principal, user, before int64, limit int) (list []Import, more bool, err error) {
	if user, err = by.ForReading(user); err != nil {
		return nil, false, err
	}
	return paging.Read(limit, paging.Default, paging.Most, func(limit int) ([]Import, error) {
		return s.store.Imports(ctx, user, before, limit)
	})
}

// Results returns at most limit results behind the line. fault.NotFound as of Get.
func (s *Service) Results(ctx context.Context, by auth.Principal, id, line int64, limit int) ([]Result, error) {
	if _, err := s.Get(ctx, by, id); err != nil {
		return nil, err
	}
	return s.store.ImportResults(ctx, id, line, limit)
}

// Pause has an import go on only when it is resumed: at most the step under way is still done, and
// images that were let in go on. Paused already is no error. fault.NotFound as of Get;
// fault.Conflict where it has ended.
func (s *Service) Pause(ctx context.Context, by auth.Principal, id int64) (Import, error) {
	return s.change(ctx, by, id, s.store.PauseImport, Paused)
}

// Resume is the end of Pause.
func (s *Service) Resume(ctx context.Context, by auth.Principal, id int64) (Import, error) {
	i, err := s.change(ctx, by, id, s.store.ResumeImport, State(Validating), State(Writing), State(Images), State(Cancelling))
	if err == nil {
		s.wake()
	}
	return i, err
}

// Cancel ends an import: rows that were written stay, and so do their images, but with images those
// that wait fail. Cancelled already is no error. fault.NotFound as of Get; fault.Conflict where it
// has ended otherwise.
func (s *Service) Cancel(ctx context.Context, by auth.Principal, id int64, images bool) (Import, error) {
	do := func(ctx context.Context, id int64) (Import, error) { return s.store.CancelImport(ctx, id, images) }
	i, err := s.change(ctx, by, id, do, Aborted, State(Cancelling))
	switch {
	case err != nil:
		return i, err
	case i.State() == Aborted:
		_ = s.blobs.Delete(ctx, i.Key) // else it is collected
	default:
		s.wake()
	}
	return i, nil
}

// change has the store change an import, which then is to be in one of the states.
func (s *Service) change(
	ctx context.Context, by auth.Principal, id int64, do func(context.Context, int64) (Import, error), want ...State,
) (Import, error) {
	i, err := s.Get(ctx, by, id)
	if err == nil && !by.Owns(i.UserID) {
		err = errNoImport
	}
	if err != nil {
		return Import{}, err
	}
	i, err = do(ctx, id)
	if fault.KindOf(err) == fault.NotFound {
		return Import{}, errNoImport
	}
	if err == nil && !slices.Contains(want, i.State()) {
		return Import{}, fault.New(fault.Conflict, "the import is "+strings.ReplaceAll(string(i.State()), "_", " "))
	}
	return i, err
}
