package bulk

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failpoint"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/requestid"
)

// Limits of an Order.
const (
	MaxRows = 1000
	// MaxFileBytes bounds a file that is imported.
	MaxFileBytes = 1 << 30
	// MaxRowErrors is how many faults of a row are told: a thousand rows may have them.
	MaxRowErrors = 10
	// partRows is how many products one transaction of the policy Rows writes.
	partRows = 100
)

// The names of an order's fields, as clients write them.
const (
	FieldProducts = "products"
	FieldPolicy   = "error_policy"
	FieldMode     = "mode"
)

// Policy says what becomes of the others where one row is at fault.
type Policy string

// The policies.
const (
	All  Policy = "all"  // one fault, and nothing is written
	Rows Policy = "rows" // every row stands for itself
)

// Order is many products to be written for one user.
type Order struct {
	UserID int64 // 0: it names none
	Rows   []catalog.Row
	Policy Policy
	Mode   catalog.Mode
	Key    string            // of idempotency; "": none
	Sum    [sha256.Size]byte // of what was sent: the same key goes with the same
}

// Result is what became of one row.
type Result struct {
	Outcome   catalog.Outcome   `json:"outcome"`
	ProductID int64             `json:"product_id,omitempty"`
	Errors    fault.FieldErrors `json:"errors,omitempty"`
	changed   catalog.Changed
}

// Results are those of an order, in its order.
type Results struct {
	Rows     []Result
	Replayed bool // some were written by an earlier request of the same key
}

// Batch is what one transaction writes.
type Batch struct {
	UserID  int64
	Entries []catalog.Entry // of different external ids
	// Whole undoes all where one is rejected.
	Whole bool
	Once  *Once // nil: without a key
}

// Once makes a Batch be written at most once while its key lives.
type Once struct {
	Key         string
	Part        int // of the order, from 0
	Fingerprint [sha256.Size]byte
	TTL         time.Duration
	// Encode returns what is kept of the outcome.
	Encode func([]catalog.Written) (string, error)
}

// Earlier is what the part of a key has written before.
type Earlier struct {
	Fingerprint [sha256.Size]byte
	Results     string // as Once.Encode made it
}

// Store writes batches. It is safe for concurrent use.
type Store interface {
	// WriteBatch writes the entries with their images, their work and an event each, in one
	// transaction. What a rule refuses of an entry is in its Written, and nothing of it is
	// written; of a Whole batch nothing is written then. Where the key has written the part
	// already, nothing is written and that is returned. catalog.ErrUnknownUser;
	// fault.Unavailable.
	WriteBatch(ctx context.Context, b Batch) ([]catalog.Written, *Earlier, error)
}

// Service writes many products. It is safe for concurrent use.
type Service struct {
	store    Store
	announce catalog.Announcer
	keyTTL   time.Duration
}

// NewService returns a Service whose keys live for keyTTL.
func NewService(store Store, announce catalog.Announcer, keyTTL time.Duration) *Service {
	return &Service{store: store, announce: announce, keyTTL: keyTTL}
}

// Write writes the order. Of the rows without a fault that have the same external id the
// last one is written, the others are Superseded. fault.Invalid where the order is at
// fault, and with the policy All also where a row is; fault.Forbidden where it names
// another user; catalog.ErrKeyReused. After an error of kind fault.Unavailable the same
// order under the same key goes on.
func (s *Service) Write(ctx context.Context, by auth.Principal, o Order) (Results, error) {
	user, err := by.For(o.UserID)
	if err != nil {
		return Results{}, err
	}
	if err := o.check(user); err != nil {
		return Results{}, err
	}
	w := s.judge(ctx, user, o)
	if o.Policy == All {
		if err := refusal(w.results.Rows); err != nil {
			return Results{}, err
		}
	}
	for n, part := range w.parts(o.Policy) {
		if err := s.write(ctx, &w, n, part); err != nil {
			return Results{}, err
		}
		failpoint.Crash(failpoint.BulkPart)
	}
	return w.results, nil
}

func (o Order) check(user int64) error {
	var bad fault.FieldErrors
	if user == 0 {
		bad.AddAt(fault.Parameter(), catalog.FieldUserID, "is required")
	}
	if o.Policy != All && o.Policy != Rows {
		bad.AddAt(fault.Parameter(), FieldPolicy, "must be all or rows")
	}
	if o.Mode != catalog.Upsert && o.Mode != catalog.CreateOnly {
		bad.AddAt(fault.Parameter(), FieldMode, "must be upsert or create")
	}
	switch {
	case len(o.Rows) == 0:
		bad.Add(FieldProducts, "must have at least one entry")
	case len(o.Rows) > MaxRows:
		bad.Add(FieldProducts, fmt.Sprintf("must have at most %d entries, has %d", MaxRows, len(o.Rows)))
	}
	if o.Key != "" && !catalog.ValidKey(o.Key) {
		return fault.New(fault.Invalid, "the idempotency key is invalid")
	}
	return bad.Err()
}

// work is an order on its way.
type work struct {
	order   Order
	user    int64
	entries []catalog.Entry // by row; those of rejected and superseded ones are empty
	left    []int           // rows to be written
	results Results
}

// judge checks every row, and finds which of them are to be written.
func (s *Service) judge(ctx context.Context, user int64, o Order) work {
	w := work{order: o, user: user, entries: make([]catalog.Entry, len(o.Rows)), results: Results{Rows: make([]Result, len(o.Rows))}}
	last := make(map[string]int)
	for i, row := range o.Rows {
		e, err := row.Entry(user, o.Mode, requestid.From(ctx))
		if err != nil {
			w.results.Rows[i] = rejected(err)
			continue
		}
		if before, twice := last[e.ExternalID]; twice && e.ExternalID != "" {
			w.results.Rows[before].Outcome = catalog.Superseded
		}
		last[e.ExternalID], w.entries[i] = i, e
	}
	for i, r := range w.results.Rows {
		if r.Outcome == "" {
			w.left = append(w.left, i)
		}
	}
	return w
}

func rejected(err error) Result {
	bad := catalog.FieldsOf(err, rows.FieldRow)
	return Result{Outcome: catalog.Rejected, Errors: bad[:min(len(bad), MaxRowErrors)]}
}

// parts are the rows of each transaction. They follow from the order alone, so that they
// are the same when it is repeated.
func (w work) parts(p Policy) [][]int {
	if p == All {
		return [][]int{w.left}
	}
	return slices.Collect(slices.Chunk(w.left, partRows))
}

// write writes a part, or takes over what an earlier request has written of it.
func (s *Service) write(ctx context.Context, w *work, n int, part []int) error {
	b := Batch{UserID: w.user, Whole: w.order.Policy == All}
	for _, row := range part {
		b.Entries = append(b.Entries, w.entries[row])
	}
	if w.order.Key != "" {
		b.Once = &Once{Key: w.order.Key, Part: n, Fingerprint: w.fingerprint(), TTL: s.keyTTL, Encode: encode}
	}
	written, earlier, err := s.store.WriteBatch(ctx, b)
	if errors.Is(err, catalog.ErrUnknownUser) {
		return fault.InvalidParameter(catalog.FieldUserID, "is not a known user")
	}
	if err != nil {
		return err
	}
	list := outcomes(written)
	if earlier != nil {
		if earlier.Fingerprint != b.Once.Fingerprint {
			return catalog.ErrKeyReused
		}
		if list, err = decode(earlier.Results, len(part)); err != nil {
			return err
		}
		w.results.Replayed = true
	}
	var changed []catalog.Changed
	for i, row := range part {
		w.results.Rows[row] = list[i]
		if c := list[i].changed; c.ProductID != 0 {
			changed = append(changed, c)
		}
	}
	// Also of a repetition: the process that wrote it may have died before this.
	s.announce.Announce(context.WithoutCancel(ctx), changed...)
	if b.Whole {
		return refusal(w.results.Rows)
	}
	return nil
}

// fingerprint is equal for orders that ask for the same.
func (w work) fingerprint() [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "bulk/1 %d %s %s %x", w.user, w.order.Policy, w.order.Mode, w.order.Sum))
}

// refusal is the error of an order of the policy All: the faults of its rows, by their
// places in it.
func refusal(list []Result) error {
	var bad fault.FieldErrors
	for i, r := range list {
		if r.Outcome != catalog.Rejected {
			continue
		}
		place := fmt.Sprintf("%s[%d]", FieldProducts, i)
		for _, f := range r.Errors {
			if f.Name == rows.FieldRow {
				bad.Add(place, f.Reason)
				continue
			}
			bad.AddAll(place+".", fault.FieldErrors{f})
		}
	}
	return bad.Err()
}
