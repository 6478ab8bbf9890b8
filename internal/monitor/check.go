package monitor

import (
	"context"
	"errors"
	"sync"
	"time"

	"vitrine.dev/internal/fault"
)

// Status is how a part is.
type Status string

// The statuses of a part.
const (
	OK       Status = "ok"
	ReadOnly Status = "read_only" // it can be read, but takes no changes
	Down     Status = "down"
)

// Need is what a process cannot work without.
type Need uint8

// The needs, by how much they ask for.
const (
	Nothing Need = iota // the process works without the part
	Reads               // the part must be readable
	Writes              // the part must take changes
)

// Part is something that a process works with.
type Part struct {
	Name  string
	Where string // for the log: host, bucket, user; no secret
	Need  Need
	// Ping returns nil where the part answers. It writes nothing, and is called
	// with each question. Nil: it always answers.
	Ping func(ctx context.Context) error
	// Probe returns nil where the part can do all that the process wants of it,
	// by doing it. Nil: the process only reads.
	Probe func(ctx context.Context) error
	// Readable means that the part is of use where Ping succeeds and Probe fails:
	// it is then ReadOnly rather than Down.
	Readable bool
}

const (
	// interval is how long the outcome of a probe, or of real work, is valid; so
	// probes are at least so far apart.
	interval = time.Minute
	// probeTimeout bounds a probe, which continues when no one waits for it any
	// more.
	probeTimeout = 10 * time.Second
)

// Check follows one part. It is safe for concurrent use.
type Check struct {
	Part

	mu      sync.Mutex
	known   time.Time     // when err was set
	err     error         // why the part cannot do what is wanted of it
	probed  time.Time     // when the last probe ended
	outcome error         // of that probe
	running chan struct{} // closed when the running probe ends; nil for none
	down    bool          // Ping failed when last called
	logged  logged
	notOK   time.Time // since when; zero where it is
}

// NewCheck returns the check of a part.
func NewCheck(p Part) *Check { return &Check{Part: p, logged: logged{status: OK}} }

// Record records the outcome of real work of the kind that Probe tries: success,
// or an error of kind fault.Unavailable. Other errors are ignored.
func (c *Check) Record(err error) {
	if err != nil && fault.KindOf(err) != fault.Unavailable {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known, c.err = time.Now(), err
}

var errNoAnswer = errors.New("no answer in time")

// status checks the part, no longer than ctx allows.
func (c *Check) status(ctx context.Context) (Status, error) {
	if c.Ping != nil {
		if err := c.Ping(ctx); err != nil {
			c.mu.Lock()
			c.down = true
			c.mu.Unlock()
			return Down, err
		}
	}
	if c.Probe == nil {
		return OK, nil
	}
	err := c.writable(ctx)
	switch {
	case err == nil:
		return OK, nil
	case c.Readable:
		return ReadOnly, err
	default:
		return Down, err
	}
}

// writable returns the last outcome, or that of a new probe where it is old.
func (c *Check) writable(ctx context.Context) error {
	running, err := c.begin(ctx)
	if running == nil {
		return err
	}
	select {
	case <-running:
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.err
	case <-ctx.Done():
		return errNoAnswer
	}
}

// begin returns the running probe, which it starts where the last outcome is old.
// Otherwise it returns nil and the last outcome.
func (c *Check) begin(ctx context.Context) (running <-chan struct{}, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.down { // what failed meanwhile failed because of it
		c.down, c.err, c.known = false, c.outcome, c.probed
	}
	if now.Sub(c.known) >= interval && c.running == nil {
		c.running = make(chan struct{})
		go c.probe(context.WithoutCancel(ctx))
	}
	if c.running != nil {
		return c.running, nil
	}
	return nil, c.err
}

func (c *Check) probe(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	err := c.Probe(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known, c.err = time.Now(), err
	c.probed, c.outcome = c.known, err
	close(c.running)
	c.running = nil
}

// changed reports whether another line is due than was last logged: for another
// status, or where a part that was unavailable is back in a state that an
// operator has to change (fault.Conflict), as a database with an old schema is.
func (c *Check) changed(s Status, err error) bool {
	now := logged{s, fault.KindOf(err) == fault.Conflict}
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.logged
	c.logged = now
	return now != before
}

// logged is what was last logged of a part.
type logged struct {
	status   Status
	conflict bool
}

// note notes the status, for since.
func (c *Check) note(s Status) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case s == OK:
		c.notOK = time.Time{}
	case c.notOK.IsZero():
		c.notOK = time.Now()
	}
}

// since is since when the part is not ok, zero where it was.
func (c *Check) since() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.notOK
}
