package processes

import (
	"context"
	"crypto/rand"
	"slices"
	"time"
)

const (
	// Interval is how often a process writes its heartbeat.
	Interval = 5 * time.Second
	// Gone is for how long a process counts as alive after its last heartbeat.
	Gone = 20 * time.Second
	// LostFor is for how long it is remembered after that, where it has not said that it ends.
	LostFor = 24 * time.Hour
	// LostMost is how many such processes are remembered, those that were heard of last.
	LostMost = 100
	// Forgotten is after how long what it had downloaded counts no more.
	Forgotten = 3 * Gone
)

// Process is a process of the installation.
type Process struct {
	ID          string    // see NewID
	Role        string    // serve, api or worker; see Works
	Slots       int       // downloads that it has room for at once; 0 for one that does not work on images. While it drains, those that it has
	InFlight    int       // images that it works on
	Held        int       // slots that these take
	Fetched     []Fetched // of these, those whose downloads have ended
	HeartbeatAt time.Time
	StartedAt   time.Time
	Version     string // of the program
	Draining    bool   // it finishes what it works on, and begins nothing
	Use
}

// Use is what a process uses.
type Use struct {
	Memory      int64 // resident bytes of it and its render processes, shared pages once for each; 0 where that is not known
	Renders     int   // render processes that are alive
	PixelsUsed  int64 // of PixelBudget, by pictures that are rendered
	PixelBudget int64 // pixels that these may hold together; 0 for one that has no render processes
}

// Works reports whether it works on images.
func (p Process) Works() bool { return p.Role != "api" }

// AllDrain reports whether there are processes that work on images, and none of them begins anything.
func AllDrain(list []Process) bool {
	working := slices.DeleteFunc(slices.Clone(list), func(p Process) bool { return !p.Works() })
	return len(working) > 0 && !slices.ContainsFunc(working, func(p Process) bool { return !p.Draining })
}

// SlotsTaken is how many download slots are taken by what is in flight.
func (p Process) SlotsTaken() int {
	held := p.InFlight
	for _, f := range p.Fetched {
		if f.Released {
			held--
		}
	}
	return max(held, 0) // they were not read at the same moment
}

// NewID returns a random ID for a process.
func NewID() string { return rand.Text() }

// Report is what a process writes of its downloads between two heartbeats.
type Report struct {
	Process string
	Fetched []Fetched
}

// Fetched is an image that is downloaded and not done. It takes nothing of its host
// any more.
type Fetched struct {
	Image    int64 `json:"i"`
	Token    int64 `json:"t"`           // of its dispatch
	Released bool  `json:"r,omitempty"` // nor a download slot of its process
}

// Work is what a process works on.
type Work interface {
	// InFlight returns how many images are in work.
	InFlight() int
	// WriteFetched has write write all that are downloaded and not done, and returns its
	// error. One is written at a time, so that the last is what stays.
	WriteFetched(write func([]Fetched) error) error
	// Due receives where some of them have waited to be written.
	Due() <-chan struct{}
}

// Store keeps the processes. Every method is one transaction, safe for
// concurrent use, takes the time from the database's clock, and returns errors
// of kind fault.Unavailable where the database cannot be reached.
type Store interface {
	// Heartbeat writes that the process is alive now, and wakes the dispatchers where
	// it has images that are downloaded. What the first one says of role, version and start stays.
	Heartbeat(ctx context.Context, p Process) error
	// EndProcess removes a process that ends; one that is not there is no error.
	EndProcess(ctx context.Context, id string) error
	// Processes returns those with a heartbeat within that time, at most limit,
	// by role and id.
	Processes(ctx context.Context, within time.Duration, limit int) ([]Process, error)
	// LostProcesses returns those that have not ended and had no heartbeat within that time,
	// at most limit: those heard of last first.
	LostProcesses(ctx context.Context, within time.Duration, limit int) ([]Process, error)
	// Slots returns the sum of the slots of all processes with a heartbeat within that
	// time, and of those that the others held whose last heartbeat is not older than a
	// lease: so long do their images take slots.
	Slots(ctx context.Context, within, lease time.Duration) (int, error)
	// PurgeProcesses removes at most limit of the processes that had no heartbeat for so long, and
	// as many of those that are Gone beyond the latest LostMost; and of what is Forgotten what it
	// had downloaded.
	PurgeProcesses(ctx context.Context, silent time.Duration, limit int) error
}
