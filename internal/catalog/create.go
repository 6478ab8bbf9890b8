package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog/imageurl"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/requestid"
)

// Create checks the draft and stores it with the work that it asks for.
// fault.Invalid with every field at fault; fault.Forbidden where it names another user,
// ErrExternalIDTaken.
func (s *Service) Create(ctx context.Context, by auth.Principal, d Draft) (Product, error) {
	n, err := s.checked(ctx, by, &d)
	if err != nil {
		return Product{}, err
	}
	p, err := s.store.CreateProduct(ctx, n)
	if err != nil {
		return Product{}, named(err, n.Images)
	}
	s.changed(ctx, p.Edited())
	return p, nil
}

// CreateOnce is Create under an idempotency key of the user: as long as the
// key lives, the same draft again returns the product that it created first,
// also one that was changed or deleted since, and another draft returns
// ErrKeyReused. Of any number of calls at once one creates. Only success is
// remembered: a key whose draft was refused is still free.
func (s *Service) CreateOnce(ctx context.Context, by auth.Principal, d Draft, key string) (Creation, error) {
	if !ValidKey(key) {
		return Creation{}, errInvalidKey
	}
	n, err := s.checked(ctx, by, &d)
	if err != nil {
		return Creation{}, err
	}
	once := Once{Key: key, Fingerprint: d.fingerprint(), TTL: s.keyTTL}
	p, earlier, err := s.store.CreateProductOnce(ctx, n, once)
	if err != nil {
		return Creation{}, named(err, n.Images)
	}
	if earlier != nil {
		if earlier.Fingerprint != once.Fingerprint {
			return Creation{}, ErrKeyReused
		}
		p = Product{ID: earlier.ProductID, UserID: d.UserID, Version: first, Revision: first}
	}
	// Also of a replay: the process that created it may have died before it
	// could invalidate the cache, and this answer acknowledges the product too.
	s.changed(ctx, p.Edited())
	return Creation{ProductID: p.ID, Version: p.Version, Revision: p.Revision, Replayed: earlier != nil}, nil
}

// first is the version and the revision that every product begins at.
const first = 1

// checked returns the draft as the store wants it, and completes it with the user.
func (s *Service) checked(ctx context.Context, by auth.Principal, d *Draft) (NewProduct, error) {
	if !d.FieldErrors.Has(FieldUserID) {
		user, err := by.For(d.UserID)
		if err != nil {
			return NewProduct{}, err
		}
		if d.UserID = user; user == 0 { // the first field, whose error comes first
			d.FieldErrors = slices.Insert(slices.Clone(d.FieldErrors), 0, fault.Field{Name: FieldUserID, Reason: required})
		}
	}
	if bad := d.check(); len(bad) > 0 {
		return NewProduct{}, s.withUnknownUser(ctx, *d, bad).Err()
	}
	return NewProduct{
		UserID: d.UserID, Name: d.Name, Description: d.Description, Images: cleanURLs(d.Images), Price: d.Price,
		ExternalID: d.ExternalID, Metadata: d.Metadata,
		RequestID: requestid.From(ctx),
	}, nil
}

const unknownUser = "is not a known user"

// named returns what the store says of a user or an upload as the error of its field.
func named(err error, images []string) error {
	if errors.Is(err, ErrUnknownUser) {
		return fault.InvalidField(FieldUserID, unknownUser)
	}
	return NamedUpload(err, images)
}

// withUnknownUser completes the errors of a draft that is refused anyway. Where
// the database does not answer, they stay as they are.
func (s *Service) withUnknownUser(ctx context.Context, d Draft, bad fault.FieldErrors) fault.FieldErrors {
	if bad.Has(FieldUserID) {
		return bad
	}
	if known, err := s.store.UserExists(ctx, d.UserID); err == nil && !known {
		bad.Add(FieldUserID, unknownUser)
	}
	return bad
}

// Limits on idempotency keys.
const (
	MaxKeyBytes   = 255
	DefaultKeyTTL = 24 * time.Hour
)

// ErrKeyReused answers what is asked for under a key of the user that stands for something
// else.
var ErrKeyReused = &fault.Error{
	Kind: fault.Invalid, Code: fault.CodeKeyReused,
	Message: "the Idempotency-Key was used before for another request; use a new key for each product and each added image",
}

// ErrKeyTaken is what a Store returns for a revision whose key lives.
var ErrKeyTaken = errors.New("the key is taken")

var errInvalidKey = fault.New(fault.Invalid, "the idempotency key is invalid")

// Once makes a create, of a product or of an image, happen at most once while its key lives.
type Once struct {
	Key         string // 1 to MaxKeyBytes of printable ASCII, of the user's choice
	Fingerprint [sha256.Size]byte
	TTL         time.Duration
}

// Earlier is what a key has created before.
type Earlier struct {
	ProductID   int64 // also where the product has been deleted since
	ImageID     int64 // that was added, also where it has been removed since; 0: the product was created
	Fingerprint [sha256.Size]byte
}

// Creation is the outcome of a create.
type Creation struct {
	ProductID int64
	Version   int64 // that the product was created at
	Revision  int64 // likewise
	Replayed  bool  // the key had created it before
}

// ValidKey reports whether s may be an idempotency key.
func ValidKey(s string) bool {
	return s != "" && len(s) <= MaxKeyBytes && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// fingerprint is equal for drafts that ask for the same product, however they
// were spelled.
func (d Draft) fingerprint() [sha256.Size]byte {
	f := newFingerprint("product/1")
	f.number(d.UserID)
	f.number(int64(d.Price))
	f.text(d.Name)
	f.text(d.Description)
	f.number(int64(len(d.Images)))
	for _, u := range d.Images {
		f.text(imageurl.Clean(u))
	}
	f.text(d.ExternalID)
	f.text(d.Metadata.Encode())
	return f.sum()
}

// fingerprint is what a request asks for, of which the kind is a part: a key that was used
// for one kind is good for no other. Every text comes with its length, so that no two
// requests run together into one.
type fingerprint struct{ b []byte }

func newFingerprint(kind string) *fingerprint { return &fingerprint{[]byte(kind)} }

func (f *fingerprint) number(n int64) { f.b = binary.AppendVarint(f.b, n) }

func (f *fingerprint) text(s string) {
	f.number(int64(len(s)))
	f.b = append(f.b, s...)
}

func (f *fingerprint) sum() [sha256.Size]byte { return sha256.Sum256(f.b) }

// putTries is how often Put looks for its product: it is created or deleted by others
// meanwhile once at most, unless they do nothing else.
const putTries = 5

// Sent is a product that a client sends to where it shall be, under its external id. The
// patch is applied to the product that is there, or makes a new one.
type Sent struct {
	Patch

	UserID     int64 // 0: it names none
	ExternalID string
}

// Condition is what must hold of a product for a change of it.
type Condition struct {
	Versions []int64 // it must be at one of them; nil: no matter
	Present  bool    // there must be one
	New      bool    // there must be none
}

// Put changes the user's product that has the external id, or creates it where there is
// none. Errors are those of Create and Change; fault.Stale where the condition does not
// hold.
func (s *Service) Put(ctx context.Context, by auth.Principal, sent Sent, only Condition) (p Product, created bool, err error) {
	user, err := by.For(sent.UserID)
	if err != nil {
		return Product{}, false, err
	}
	c := checker{slices.Clone(sent.FieldErrors)}
	if user == 0 && !c.Has(FieldUserID) {
		c.Add(FieldUserID, required)
	}
	var path checker // where the product is, which is no field of it
	path.checkExternalID(sent.ExternalID)
	for _, f := range path.FieldErrors {
		c.AddAt(fault.Parameter(), f.Name, f.Reason)
	}
	sent.UserID, sent.FieldErrors = user, c.FieldErrors
	if err := sent.check(); err != nil {
		return Product{}, false, err
	}
	for range putTries {
		p, created, err = s.put(ctx, by, sent, only)
		if !errors.Is(err, errMoved) {
			return p, created, err
		}
	}
	return Product{}, false, fault.New(fault.Conflict, "others create and delete the product all the time")
}

// errMoved says that there was a product, or none, and that this has changed.
var errMoved = errors.New("the external id has changed hands")

// put is one try of Put. errMoved.
func (s *Service) put(ctx context.Context, by auth.Principal, sent Sent, only Condition) (Product, bool, error) {
	id, err := s.store.ByExternalID(ctx, sent.UserID, sent.ExternalID)
	switch {
	case fault.KindOf(err) == fault.NotFound:
		if only.Present || only.Versions != nil {
			return Product{}, false, fault.New(fault.Stale, "there is no such product")
		}
		p, err := s.Create(ctx, by, sent.draft())
		if errors.Is(err, ErrExternalIDTaken) {
			err = errMoved
		}
		return p, true, err
	case err != nil:
		return Product{}, false, err
	case only.New:
		return Product{}, false, fault.New(fault.Stale, "there is such a product")
	}
	p, err := s.edit(ctx, by, id, only.Versions, func(old Product) (Revision, error) {
		if old.ExternalID != sent.ExternalID {
			return Revision{}, errMoved
		}
		return sent.revision(old)
	})
	if errors.Is(err, ErrNoProduct) {
		err = errMoved
	}
	return p, false, NamedUpload(err, given(sent.Images, nil))
}

// draft is what the patch makes where nothing was.
func (s Sent) draft() Draft {
	d := Draft{
		UserID: s.UserID, Name: given(s.Name, ""), Description: given(s.Description, ""), Images: given(s.Images, nil),
		Price: given(s.Price, 0), ExternalID: s.ExternalID, FieldErrors: slices.Clone(s.FieldErrors),
	}
	if s.Metadata != nil {
		d.Metadata = s.Metadata.apply(nil)
	}
	if s.Name == nil {
		d.FieldErrors.Add(FieldName, required)
	}
	if s.Price == nil {
		d.FieldErrors.Add(FieldPrice, required)
	}
	if s.ReadOnly != nil {
		for _, f := range s.ReadOnly(Product{}) {
			d.FieldErrors.AddAt(f.Where, f.Name, f.Reason)
		}
	}
	return d
}
