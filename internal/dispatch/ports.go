package dispatch

import (
	"context"
	"time"

	"vitrine.dev/internal/media"
	"vitrine.dev/internal/queue"
)

// Store is what a Dispatcher needs of the database. Methods are safe for
// concurrent use by any number of dispatchers, take the time from the database's
// clock, and return errors of kind fault.Unavailable where the database cannot
// be reached.
type Store interface {
	// DispatchStep reads what the plan asks for and writes what it decides, in one
	// transaction that no other dispatcher runs at the same time. What is
	// dispatched is lost, and due again, if it is not begun within the life asked for.
	DispatchStep(ctx context.Context, r Request, p Plan) (Step, error)
	// ReturnJobs takes back jobs that are out and not begun: into the line at
	// their rank or, with a delay, due after it. Others are left alone.
	ReturnJobs(ctx context.Context, jobs []media.Job, delay time.Duration) error
	// Slots is that of processes.Store.
	Slots(ctx context.Context, within, lease time.Duration) (int, error)
}

// Wake returns a channel (of capacity 1, coalescing) that receives soon after commits,
// until ctx is done. It is a hint that may be missed; the dispatcher polls as well.
type Wake func(ctx context.Context) <-chan struct{}

// Request is what a step reads and writes apart from its plan.
type Request struct {
	Life   time.Duration // of what is dispatched
	Ranks  int           // most ranks of HostState
	Walk   bool          // read Window.Walked
	Cursor string        // from the host after this one on
	Users  bool          // read Window.Users
	After  int64         // from the user after this one on
}

// Step is what one step did.
type Step struct {
	Jobs []media.Job // dispatched, in the order of the line
	Left bool        // others are in line or due
	More bool        // there may be more that is due
	Busy bool        // another dispatcher was at work: nothing was done
}

// Queue is what a Dispatcher needs of queue.Queue.
type Queue interface {
	Publish(ctx context.Context, m queue.Message) error
	Window() int
	Depth(ctx context.Context, of queue.Source) (queue.Depth, error)
}

// Config tunes a Dispatcher.
type Config struct {
	Depth        int           // most messages that wait for a worker, however many slots are free: the line is in the database, where users take turns
	Life         time.Duration // of a message that no one begins
	Lease        time.Duration // of an image that was begun: as long do the slots of a worker that died count
	Poll         time.Duration // how often to look without being woken
	Gap          time.Duration // on the average the least time between two steps of which the second was woken
	Burst        int           // steps that may follow one another without a Gap after a pause, at least 1
	Full         time.Duration // least time between two steps, and how often to ask, while there is no room
	RetryMin     time.Duration // first wait after a failure, doubled with each further one, ±20 %
	RetryMax     time.Duration // longest wait of one job that the queue refuses
	PauseMax     time.Duration // longest wait while the queue or the store is unavailable
	StoreTimeout time.Duration // limit of one call of the store, or of the queue's depth
	DrainTimeout time.Duration // how long publishing may go on after the stop
	Walk         time.Duration // how often the hosts are walked that have parked images
	Limits       Limits        // what is out at once; Life is that of Config, Slots those of the live workers
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{
		Depth: 256, Life: 2 * time.Minute, Lease: time.Minute, Poll: 250 * time.Millisecond,
		Gap: 10 * time.Millisecond, Burst: 4, Full: 50 * time.Millisecond,
		RetryMin: 200 * time.Millisecond, RetryMax: time.Minute, PauseMax: 5 * time.Second,
		StoreTimeout: 5 * time.Second, DrainTimeout: 30 * time.Second, Walk: 250 * time.Millisecond,
		Limits: Limits{Host: 4, NewHost: 1, ContactFor: 5 * time.Second},
	}
}
