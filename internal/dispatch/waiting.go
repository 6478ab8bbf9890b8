package dispatch

import (
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/media"
)

// WaitsFor is what an image waits for. The list is closed.
type WaitsFor string

// What an image waits for.
const (
	ForTurn  WaitsFor = "turn"  // its turn among the images of all users: it has just come, is in line, or is at the queue
	ForHost  WaitsFor = "host"  // its host, which has as many images out as it may have, or whose breaker is open
	ForRetry WaitsFor = "retry" // the moment of its next attempt
)

// BeforeMost is up to how many images before one are counted.
const BeforeMost = 10_000

// Waiting is what an image waits for.
type Waiting struct {
	For WaitsFor
	// Until is, for a retry, when it is due; for a host, the earliest moment at
	// which there is room: when its breaker lets a fetch through, or when the user's
	// own images there before it have been fetched; for a turn, when those before it
	// are done at the recent pace of all of them. Zero where that is not known: it may be its turn at
	// any moment, more than BeforeMost are before it, or nothing was done lately.
	Until time.Time
}

// Waiter is an image as its wait is judged. Times are milliseconds since 1970,
// by the database's clock.
type Waiter struct {
	UserID  int64 // whose image it is
	Now     int64
	Status  catalog.Status
	Stage   media.Stage
	Class   Class
	Begun   bool
	DueAt   int64
	Host    Host
	Before  int  // in line: how many of its line are before it; parked: of its user at its host; at most BeforeMost
	Pace    Pace // of all images
	HasWork bool // else it has no stage
}

// Waiting returns what the image waits for. Only one that shows nothing yet and
// is not worked on waits.
func (w Waiter) Waiting(l Limits) (waiting Waiting, waits bool) {
	switch {
	case !w.HasWork || w.Begun || w.Status != catalog.Pending:
		return Waiting{}, false
	case w.Stage == media.Later && w.DueAt > w.Now:
		return Waiting{ForRetry, at(w.DueAt)}, true
	case w.Stage == media.Parked:
		return Waiting{ForHost, w.room(l)}, true
	case w.Stage == media.InLine:
		return Waiting{ForTurn, w.turn()}, true
	default: // due, and not seen by a dispatcher yet; or at the queue
		return Waiting{For: ForTurn}, true
	}
}

// room is the earliest moment at which the host has room for the image.
func (w Waiter) room(l Limits) time.Time {
	limit := w.Host.limit(l, w.Now)
	switch {
	case w.Host.OpenUntil > w.Now:
		return at(w.Host.OpenUntil)
	case w.Host.RecentMS == 0 || w.Before >= BeforeMost || limit == 0:
		return time.Time{}
	default:
		return at(w.Now + int64(w.Before+1)*w.Host.RecentMS/int64(limit))
	}
}

// turn is when those before the image are done, and it.
func (w Waiter) turn() time.Time {
	if w.Before >= BeforeMost {
		return time.Time{}
	}
	return w.Pace.done(w.Now, w.Class, w.Before+1)
}

// PaceFor and PaceMost bound what a Pace counts.
const (
	PaceFor  = time.Minute
	PaceMost = 1000
)

// Pace is how many attempts at images have ended lately: within PaceFor, and
// among the last PaceMost changes of products and images.
type Pace struct {
	Done  int
	Since int64 // the first of them; 0 for none
}

// each is how many milliseconds one takes on average, 0 where it is not known.
func (p Pace) each(now int64) float64 {
	if p.Done == 0 {
		return 0
	}
	return max(float64(now-p.Since), 1) / float64(p.Done)
}

// done is when so many images from the head of the line on are done, zero where that is not known. First contacts
// have a share of their own, whose pace is not known.
func (p Pace) done(now int64, class Class, images int) time.Time {
	each := p.each(now)
	if each == 0 || class == Contact {
		return time.Time{}
	}
	return at(now + int64(float64(images)*each))
}

// PerSecond is how many attempts end in a second.
func (p Pace) PerSecond(now int64) float64 {
	if each := p.each(now); each > 0 {
		return 1000 / each
	}
	return 0
}

func at(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
