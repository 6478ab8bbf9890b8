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
	Failure string // why it did not come to its end, in a sentence; "": it did
	Took    time.Duration
	EndedAt time.Time
	DueAt   time.Time // of the next turn; zero for a task that nothing starts by itself
	Report  Report
}

// Finished reports whether it came to its end. It may have left something out: see ComparedAll.
func (r *Run) Finished() bool { return r.Failure == "" }

// Runs keeps the last runs: of each task and place the last that came to its end, and the last
// that did not. Every method is safe for concurrent use, takes the time from the database's clock,
// and returns errors of kind fault.Unavailable where the database cannot be reached.
type Runs interface {
	// RecordRun keeps the run, which ends now.
	RecordRun(ctx context.Context, r Run) error
	// LastRuns returns those that are kept, the latest first.
	LastRuns(ctx context.Context) ([]Run, error)
	// LastFinished returns the last of the task that came to its end; nil where none is known.
	LastFinished(ctx context.Context, task Task) (*Run, error)
}

// recordTime bounds how long a run takes to be recorded.
const recordTime = 5 * time.Second

// Record keeps the run with its report, which has ended with err, also where ctx is done; that it cannot is logged. Of a run
// that did not come to its end the report says that not all was looked for.
func Record(ctx context.Context, to Runs, r Run, report *Report, err error, log *slog.Logger) {
	if r.Failure == "" {
		r.Failure = failure(err)
	}
	if !r.Finished() {
		report.skipAll()
	}
	r.Report = *report
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
	// Fsck is the last run; nil where none is known. Finished is the last that came to its end.
	Fsck, Finished *Run
	// Turn is the last turn of the collector; nil where none is known.
	Turn  *Run
	Round Round
}

// Round is what the last turn at each place found, of those that came to their end: no two of them look for the same.
type Round struct {
	Turns int       // that are known of, of Turns
	Since time.Time // the end of the earliest of them
	// Report has the sums. It is of a part where not all turns are known of.
	Report Report
}

// Summarize puts together what LastRuns returns.
func Summarize(runs []Run) Consistency {
	sum := NewReport(Findings())
	c := Consistency{}
	for i := range runs {
		r := &runs[i]
		switch r.Task {
		case TaskFsck:
			if c.Fsck == nil {
				c.Fsck = r
			}
			if c.Finished == nil && r.Finished() {
				c.Finished = r
			}
		case TaskCollector:
			if c.Turn == nil {
				c.Turn = r
			}
			if r.Finished() {
				c.Round.Turns, c.Round.Since = c.Round.Turns+1, r.EndedAt
				sum.add(r.Report)
			}
		}
	}
	sum.Part = c.Round.Turns < Turns
	c.Round.Report = *sum
	return c
}
