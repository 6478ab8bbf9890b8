package installation

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/fault"
)

const (
	// Poll is how often a process reads the record. So a new epoch is known to
	// every process within Poll and the time of one query.
	Poll = time.Second
	// spread is for how long after a change of the epoch nothing is cached under
	// the new one: until then others may announce their changes under the old.
	spread = 3 * Poll
	// tries bounds how often a record is read again that others change.
	tries = 10
)

// Identity is what a process knows of its installation, kept current by Run. It
// is safe for concurrent use.
type Identity struct {
	store      Store
	configured []Part
	log        *slog.Logger

	mu      sync.Mutex // one refresh at a time
	markers map[Part]Marker
	memory  Memory // nil for none
	compare bool   // the log with it
	warned  bool   // that others have parts which this process has not

	asking   singleflight.Group
	id       atomic.Pointer[string] // known before the record is
	current  atomic.Pointer[known]
	admitted chan struct{} // closed when this process was found to be one that may work
}

// known is a record, and when it was read.
type known struct {
	Record

	at time.Time
}

// New returns an Identity for a process with these external parts.
func New(store Store, configured []Part, log *slog.Logger) *Identity {
	return &Identity{
		store: store, configured: configured, log: log,
		markers: map[Part]Marker{}, admitted: make(chan struct{}),
	}
}

// Mark gives the part's marker, which is checked before the process is
// admitted. It is called before Admit and Run.
func (i *Identity) Mark(part Part, m Marker) { i.markers[part] = m }

var errUnknown = errors.New("the database has not told yet which installation this is")

// ID returns the installation's id. fault.Unavailable until the database was
// reached once.
func (i *Identity) ID() (string, error) {
	if id := i.id.Load(); id != nil {
		return *id, nil
	}
	return "", unknown()
}

// Unknown reports whether the error is that the database has not told yet which installation this is.
func Unknown(err error) bool { return errors.Is(err, errUnknown) }

func unknown() error {
	return fault.Wrap(fault.Unavailable, "the database is not available", errUnknown)
}

// AskEpoch is Epoch, for which the database is asked where it has not been reached
// yet: who reads or writes products there must know under which epoch they are cached,
// or a process that was started while the database was down would serve what is older
// than what it has served.
func (i *Identity) AskEpoch(ctx context.Context) (epoch string, usable bool) {
	if i.current.Load() == nil {
		asked := i.asking.DoChan("", func() (any, error) { return nil, i.refresh(context.WithoutCancel(ctx)) })
		select {
		case <-asked: // an error leaves the epoch unknown
		case <-ctx.Done():
		}
	}
	return i.Epoch()
}

// Epoch returns the epoch, empty until the database was reached once, and
// whether answers may be cached under it.
func (i *Identity) Epoch() (epoch string, usable bool) {
	k := i.current.Load()
	if k == nil {
		return "", false
	}
	return k.Epoch, k.EpochAge >= spread || k.EpochAge+time.Since(k.at) >= spread
}

// MayDelete returns nil where stored files that nothing refers to may be
// deleted: not by a copy of a database, whose original may be in use.
func (i *Identity) MayDelete() error {
	k := i.current.Load()
	if k == nil {
		return unknown()
	}
	if k.Copied {
		return &RefusedError{Storage, "this database is a copy, or was restored or moved, and the one that it was copied from may be in use: " +
			"no file is deleted. If it is not, run `vitrine restored`"}
	}
	return nil
}

// Admit reads the record and finds out whether this process may work: its error
// has a RefusedError where not, and is of kind fault.Unavailable where the
// database cannot be reached. A part that cannot be reached keeps no process
// from working: it is checked when it can.
func (i *Identity) Admit(ctx context.Context) error {
	if err := i.refresh(ctx); err != nil {
		return err
	}
	id, err := i.ID()
	if err != nil {
		return err
	}
	for part, marker := range i.markers {
		if err := Check(ctx, part, marker, id); Refused(err) {
			return err
		}
	}
	close(i.admitted)
	return nil
}

// Await returns when the process was admitted; false where ctx is done first.
func (i *Identity) Await(ctx context.Context) bool {
	select {
	case <-i.admitted:
		return true
	case <-ctx.Done():
		return false
	}
}

func (i *Identity) isAdmitted() bool {
	select {
	case <-i.admitted:
		return true
	default:
		return false
	}
}

// Run reads the record once in Poll, until ctx is done or this process must not
// go on: its error says why. It admits the process where that could not be done
// before.
func (i *Identity) Run(ctx context.Context) error {
	for backoff.Sleep(ctx, Poll) == nil {
		do := i.refresh
		if !i.isAdmitted() {
			do = i.Admit
		}
		err := do(ctx)
		switch {
		case Refused(err):
			return err
		case err != nil && ctx.Err() == nil:
			i.log.DebugContext(ctx, "the installation is not known", "error", err)
		}
	}
	return nil
}

// refresh reads the record, and changes it where the database has moved or this
// process brings a part.
func (i *Identity) refresh(ctx context.Context) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	for range tries {
		began := time.Now()
		record, now, err := i.store.Installation(ctx)
		if err != nil {
			i.compare = i.memory != nil // another database may be there when it can be reached
			return err
		}
		i.id.Store(&record.ID)
		next, why := record.in(now)
		if next.Epoch == record.Epoch && i.wentBack(ctx, record) {
			next.Epoch, why = NewEpoch(), "its log is behind what the cache knows"
		}
		add, err := i.admit(ctx, record)
		if err != nil {
			return err
		}
		for _, part := range add {
			next = next.externally(part, true)
		}
		if next.equal(record) {
			i.learn(ctx, record, began)
			return nil
		}
		if changed, err := i.store.ChangeInstallation(ctx, record, next); err != nil {
			return err
		} else if changed && why != "" {
			i.log.WarnContext(ctx, "the database is another one, or was restored: it gets a new epoch", "changed", why)
		}
	}
	return errChanging()
}

// learn makes the record the current one.
func (i *Identity) learn(ctx context.Context, r Record, at time.Time) {
	before := i.current.Swap(&known{r, at})
	if before != nil && before.Epoch != r.Epoch {
		i.log.InfoContext(ctx, "the installation has a new epoch")
	}
}

// admit returns the parts that this process brings, as far as they are the
// installation's. A process that works already goes on where it lacks a cache
// or queue that others have since: it is told when it is started again.
func (i *Identity) admit(ctx context.Context, r Record) (add []Part, err error) {
	published := false
	if slices.Contains(i.configured, Storage) && !slices.Contains(r.External, Storage) {
		if published, err = i.store.Published(ctx); err != nil {
			return nil, err
		}
	}
	add, err = r.admit(i.configured, published)
	switch {
	case err == nil:
		i.warned = false
	case !i.isAdmitted() || concerns(err, Storage):
		return nil, err
	case !i.warned:
		i.warned = true
		i.log.WarnContext(ctx, "this process lacks a part that others have: start it again with it", "error", err)
	}
	return slices.DeleteFunc(add, func(part Part) bool {
		marker := i.markers[part]
		return marker == nil || Check(ctx, part, marker, r.ID) != nil
	}), nil
}

// in returns the record as it must be where the system says this of the
// database, and what has changed where the epoch has.
func (r Record) in(now Origin) (next Record, why string) {
	names := r.Origin.changed(now)
	next = r
	next.Origin = r.Origin.with(now)
	if len(names) > 0 {
		next.Epoch = NewEpoch()
		// A cluster that another server leads now is still the only one.
		next.Copied = r.Copied || !slices.Equal(names, []string{Timeline})
	}
	return next, strings.Join(names, ", ")
}

// NewEpoch returns 12 random hex digits.
func NewEpoch() string {
	b := make([]byte, 6)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
