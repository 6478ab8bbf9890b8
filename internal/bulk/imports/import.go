package imports

import (
	"slices"
	"time"

	"vitrine.dev/internal/bulk"
	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/job"
)

// Kind names the jobs of imports.
const Kind = "import"

// Import is a file on its way into the catalogue. The rate of its job is that of images.
type Import struct {
	job.Job
	Settings
	File
	Counts

	Phase Phase
	At    rows.Position // of the next row
	// Speed is how many rows, or images once all rows are read, were done lately: thousandths a
	// second.
	Speed     int64
	SteppedAt time.Time // of the last step that Speed knows of
}

// Settings are how a file is imported.
type Settings struct {
	UserID int64
	Policy bulk.Policy
	Mode   catalog.Mode
	DryRun bool // all rows are checked, and nothing is written
}

// File is what an import reads.
type File struct {
	Key    string // in the storage
	SHA256 string // of its bytes, in hex digits
	Bytes  int64
	Head   rows.Head
}

// Phase is what an import does next.
type Phase string

// The phases.
const (
	Validating Phase = "validating" // every row is checked, and nothing is written
	Writing    Phase = "writing"
	Images     Phase = "images"     // all rows are done with, and images are on their way
	Cancelling Phase = "cancelling" // its images that wait are made to fail, and others are on their way
	Ended      Phase = "ended"
	Refused    Phase = "refused"   // nothing was written: a row is at fault, or the file is gone
	Cancelled  Phase = "cancelled" // after Cancelling
)

// State is what clients see of phase and job.
type State string

// The states beside the phases before Ended. Aborted is final, and those behind it.
const (
	Paused              State = "paused"
	Aborted             State = "cancelled"
	Completed           State = "completed"
	CompletedWithErrors State = "completed_with_errors" // rows or images have failed
	Failed              State = "failed"                // nothing was written
)

// States lists them all.
func States() []State {
	return []State{
		State(Validating), State(Writing), State(Images), State(Cancelling),
		Paused, Aborted, Completed, CompletedWithErrors, Failed,
	}
}

// State returns where the import is.
func (i Import) State() State {
	switch {
	case i.Job.State == job.Paused:
		return Paused
	case i.Job.State == job.Aborted:
		return Aborted
	case i.Phase == Refused:
		return Failed
	case i.Phase != Ended:
		return State(i.Phase)
	case i.Failed > 0 || i.ImagesFailed > 0:
		return CompletedWithErrors
	default:
		return Completed
	}
}

// Counts are what became of rows, and of the images that they asked for. In the phase Validating
// they are of the rows that were checked.
type Counts struct {
	Read, Created, Updated, Unchanged, Failed, Superseded int64

	ImageCounts
}

// ImageCounts are where images are.
type ImageCounts struct{ ImagesWaiting, ImagesReady, ImagesFailed int64 }

// Plus adds the others, so many times.
func (c ImageCounts) Plus(other ImageCounts, times int64) ImageCounts {
	return ImageCounts{
		c.ImagesWaiting + times*other.ImagesWaiting, c.ImagesReady + times*other.ImagesReady, c.ImagesFailed + times*other.ImagesFailed,
	}
}

// rowsSince returns how many rows ended with each outcome since. Where a row that was counted before is
// superseded, the row that supersedes it may take its place: only the superseded one is counted.
func (c Counts) rowsSince(before Counts) Counts {
	return Counts{
		Read:    c.Read - before.Read,
		Created: max(0, c.Created-before.Created), Updated: max(0, c.Updated-before.Updated),
		Unchanged: max(0, c.Unchanged-before.Unchanged), Failed: max(0, c.Failed-before.Failed),
		Superseded: c.Superseded - before.Superseded,
	}
}

// count adds a result so many times.
func (c *Counts) count(r Result, times int64) {
	switch r.Outcome {
	case catalog.Created:
		c.Created += times
	case catalog.Updated:
		c.Updated += times
	case catalog.Unchanged:
		c.Unchanged += times
	case catalog.Rejected:
		c.Failed += times
	case catalog.Superseded:
		c.Superseded += times
	}
	c.ImageCounts = c.ImageCounts.Plus(r.ImageCounts, times)
}

// steady is for how long Speed looks back.
const steady = 10 * time.Second

// paced notes that so many rows or images were done since the last step.
func (i *Import) paced(done int64, now time.Time) {
	took := now.Sub(i.SteppedAt)
	switch {
	case i.SteppedAt.IsZero() || took > 3*steady: // it was paused, or no process was there
	case took <= 0:
		return
	default:
		lately := float64(done) * 1000 / took.Seconds()
		weight := min(1, took.Seconds()/steady.Seconds())
		if i.Speed == 0 {
			weight = 1
		}
		i.Speed += int64((lately - float64(i.Speed)) * weight)
	}
	i.SteppedAt = now
}

// TimeLeft estimates how long the phase takes that the import is in: of rows by the bytes that
// are left. ok is false where nothing is known to estimate it by.
func (i Import) TimeLeft() (left time.Duration, ok bool) {
	if i.Speed <= 0 || i.Job.State != job.Running {
		return 0, false
	}
	var items float64
	switch i.Phase {
	case Images, Cancelling:
		items = float64(i.ImagesWaiting)
	case Validating, Writing:
		if i.At.Offset == 0 || i.Read == 0 {
			return 0, false
		}
		items = float64(i.Read) / float64(i.At.Offset) * float64(max(i.Bytes-i.At.Offset, 0))
	default:
		return 0, false
	}
	return time.Duration(items * 1000 / float64(i.Speed) * float64(time.Second)).Round(time.Second), true
}

// Nap is how long an import in the phase Images is left alone after a look at all that wait: a
// look at many takes time.
func (i Import) Nap() time.Duration {
	const each, least, most = time.Millisecond, time.Second, 10 * time.Second
	return min(max(time.Duration(i.ImagesWaiting)*each, least), most)
}

// Over reports whether nothing is left to be done.
func (i Import) Over() bool {
	return slices.Contains([]Phase{Ended, Refused, Cancelled}, i.Phase)
}

// RequestID is what images of the import travel under.
func (i Import) RequestID() string { return requestID(i.ID) }

// reads reports whether the import reads rows.
func (i Import) reads() bool { return slices.Contains([]Phase{Validating, Writing}, i.Phase) }
