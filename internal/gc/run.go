package gc

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"vitrine.dev/internal/fault"
)

// Task names what compares the parts. The list is closed.
type Task string

// The tasks.
const (
	TaskFsck      Task = "fsck"      // everything, when someone starts it
	TaskCollector Task = "collector" // the stored files, a part of them in each turn
)

// Turns is in how many turns the collector looks at all of the storage.
const Turns = Partitions / share

// Run is one run of a task that has ended, or one turn of it.
type Run struct {
	Task    Task
	Place   int    // the partition at which a turn begins; 0 for what looks at all of them
	By      string // the id of the process whose turn it was, or the user and host that have started it
	Repair  bool   // it was to repair, or to delete, what it found
	Failure string // why it did not look at all that it was to look at, in a sentence; "": it did
	Took    time.Duration
	EndedAt time.Time
	DueAt   time.Time // of the next turn; zero for a task that nothing starts by itself
	Report  Report
}

// Clean reports whether nothing is wrong any more of what it found.
func (r Run) Clean() bool { return r.Report.Clean() }

// Runs keeps the last runs: of each task and place the last that looked at everything, and the last
// that did not. Every method is safe for concurrent use, takes the time from the database's clock,
// and returns errors of kind fault.Unavailable where the database cannot be reached.
type Runs interface {
	// RecordRun keeps the run, which ends now.
	RecordRun(ctx context.Context, r Run) error
	// LastRuns returns those that are kept, the latest first.
	LastRuns(ctx context.Context) ([]Run, error)
}

// recordTime bounds how long a run takes to be recorded.
const recordTime = 5 * time.Second

// Record keeps the run, which has ended with err, also where ctx is done; that it cannot is logged.
func Record(ctx context.Context, to Runs, r Run, err error, log *slog.Logger) {
	r.Failure = failure(err)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	if err := to.RecordRun(ctx, r); err != nil {
		log.WarnContext(ctx, "what a check has found is not recorded", "task", r.Task, "error", err)
	}
}

// failure is the error as a sentence that holds nothing internal; "" for none.
func failure(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, context.Canceled):
		return "It was stopped."
	case fault.KindOf(err) == fault.Unavailable:
		return "A part that it reads did not answer."
	default:
		return "It failed: the log of its process says why."
	}
}

// Consistency is what the last runs say of whether the parts agree.
type Consistency struct {
	// Fsck is the last run; nil where none is known. Whole is the last that looked at everything.
	Fsck, Whole *Run
	// Turn is the last turn of the collector; nil where none is known.
	Turn  *Run
	Round Round
}

// Round is what the last turn at each place found, of those that looked at everything.
type Round struct {
	Turns    int       // that are known of, of Turns
	Since    time.Time // the end of the earliest of them
	Findings []Finding // sums
	Checked  map[string]int64
}

// Summarize puts together what LastRuns returns.
func Summarize(runs []Run) Consistency {
	sum := NewReport(Findings())
	c := Consistency{}
	for i := range runs {
		r := &runs[i]
		whole := r.Failure == ""
		switch r.Task {
		case TaskFsck:
			if c.Fsck == nil {
				c.Fsck = r
			}
			if c.Whole == nil && whole {
				c.Whole = r
			}
		case TaskCollector:
			if c.Turn == nil {
				c.Turn = r
			}
			if whole {
				c.Round.Turns, c.Round.Since = c.Round.Turns+1, r.EndedAt
				sum.add(r.Report)
			}
		}
	}
	c.Round.Findings, c.Round.Checked = sum.Findings, sum.Checked
	return c
}
