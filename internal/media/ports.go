package media

import (
	"context"
	"io"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/processes"
)

// Store keeps the states of images. Every method is one transaction, safe for
// concurrent use, takes the time from the database's clock, and returns errors
// of kind fault.Unavailable where the database cannot be reached. A change of
// an image that its product shows raises the product's revision and is recorded;
// the caller announces what is returned.
type Store interface {
	// Begin claims the image that is Out for the job's very message (its token)
	// and not begun: its attempt is counted, and it is the claim's for the
	// lease. fault.Conflict where there is no such image to claim (it is
	// being worked on, done, dispatched again, changed or deleted): the message
	// has nothing to do. What the product shows does not change.
	Begin(ctx context.Context, j Job, lease time.Duration) (Claim, error)
	// Renew extends the claim's lease. fault.Conflict where the claim is lost.
	Renew(ctx context.Context, c Claim, lease time.Duration) error
	// Rendition returns what is published under the key. fault.NotFound, also
	// where its files are being collected.
	Rendition(ctx context.Context, key string) (catalog.Rendition, error)
	// Complete stores the rendition (once per key) and makes the image Ready.
	// fault.Conflict where the claim is lost, or older than ClaimLife: nothing
	// was written. A *fault.Failure, and nothing written, where files of the
	// rendition may have been deleted since the claim was begun: a later
	// attempt must store them again. What report returns, unless it is nil, is written
	// in the same transaction, for which it may be asked more than once.
	Complete(ctx context.Context, c Claim, r catalog.Rendition, report func() *processes.Report) (catalog.Changed, error)
	// Retry makes the image due again after delay; an image that shows a picture
	// goes on showing it. fault.Conflict as in Complete.
	Retry(ctx context.Context, c Claim, f *fault.Failure, delay time.Duration) (catalog.Changed, error)
	// Fail ends the work: the image is Failed, unless it shows a picture, which
	// it goes on showing. fault.Conflict as in Complete.
	Fail(ctx context.Context, c Claim, f *fault.Failure) (catalog.Changed, error)
	// RecordFetches notes what fetches have shown of their hosts, and returns the
	// breakers that this has opened or closed.
	RecordFetches(ctx context.Context, fetches []Fetch) ([]Breaker, error)
	// SilentHosts returns at most limit hosts that have failed, and answered no one,
	// for so long, from the first failure to the last, and of whose images Expire finds any.
	SilentHosts(ctx context.Context, silent time.Duration, limit int) ([]SilentHost, error)
	// Expire makes at most limit images of the host Failed without an attempt: those
	// that are parked and had waited for so long since they were due when it last
	// failed. Where the host is not silent for so long any more there are none.
	Expire(ctx context.Context, host string, waited time.Duration, f *fault.Failure, limit int) ([]catalog.Changed, error)
	// ForgetHosts forgets hosts that were not fetched from for so long, and those
	// beyond the most, at most limit of each, and returns how many.
	ForgetHosts(ctx context.Context, unused time.Duration, most, limit int) (int, error)
	// CountLostDelivery counts a lost attempt against a job that the queue gave
	// up on before it was begun: due again after a delay, or Failed with f,
	// as decide says. fault.Conflict as in Begin.
	CountLostDelivery(ctx context.Context, j Job, f *fault.Failure, decide Decide) (LostAttempt, error)
	// Unchanged ends the work on an image that shows a picture, since its source is what
	// it was: nothing changes for its product. fault.Conflict as in Complete.
	Unchanged(ctx context.Context, c Claim) error
	// KeepUnreadable puts a message that is no job on the list of failures, once
	// however often it is delivered while it is there.
	KeepUnreadable(ctx context.Context, m Unreadable) error
	// Sweep takes at most limit images from workers whose lease ran out: each is
	// counted as a lost attempt with the reason Lost, and is due again or Failed
	// as Decide says. It returns what it changed, also beside an error.
	Sweep(ctx context.Context, p SweepPolicy) ([]LostAttempt, error)
}

// LostAttempt is an attempt whose worker was lost, as it was ended.
type LostAttempt struct {
	Changed catalog.Changed // its product
	Outcome Outcome         // OutcomeRetried or OutcomeFailed
}

// ClaimLife is the age from which on a claim completes nothing, far beyond
// every JobTimeout. What is remembered of deleted files is kept for as long.
const ClaimLife = 24 * time.Hour

// SweepPolicy says what Sweep recovers and how.
type SweepPolicy struct {
	Limit      int
	KeepLeases bool           // recover nothing, and fail while the database takes no changes
	Lost       *fault.Failure // the reason of an attempt whose lease ran out
	Decide     Decide         // of such attempts
}

// Fetcher downloads source images. Its errors are *fault.Failure, but for a
// ctx that is done.
type Fetcher interface {
	// Fetch writes the whole body of the source, within the fetcher's limits, and returns
	// what its host says of it, and how it answered, also with an error. Where that is still the version that is known, nothing is
	// written. A *fault.Failure of the writer's is returned as it is.
	Fetch(ctx context.Context, s Source, into io.Writer) (Answer, error)
}

// Source is what is to be downloaded.
type Source struct {
	URL      string
	Patience time.Duration // not 0: the answer begins within that time, or it is too slow
	Known    Version       // the one that is there already; the zero value for none
}

// Version is what a host says of the content of a URL, to recognise it by: the headers
// ETag and Last-Modified (RFC 9110, 8.8). Each is "" where it says nothing, or what is not
// at most MaxValidatorBytes of printable ASCII.
type Version struct{ ETag, Modified string }

// MaxValidatorBytes is how long a part of a Version may be.
const MaxValidatorBytes = 200

// Answer is how a download ended. Status, Redirects and Hops are there also where it failed.
type Answer struct {
	Version

	Unchanged bool // the host says that it is the version that was known
	Status    int  // of HTTP, of the host's last answer; 0: there was none
	Redirects int  // that were followed
	// Hops are the requests that were made, in their order. One to an address that may not be reached is not among them.
	Hops []Hop
}

// Hop is a request of a download: the first, or one to where the answer before has sent it.
type Hop struct {
	Host   string        // HostOf its URL
	Status int           // of HTTP; 0: it had no answer
	Took   time.Duration // until the answer began
}

// Spool keeps what is downloaded until it is rendered. Its errors are *fault.Failure.
type Spool interface {
	New() Spooled
}

// Spooled is one download. It is for one goroutine at a time, and must be closed.
type Spooled interface {
	io.Writer
	Len() int64
	// Bytes returns all that was written, in memory of the caller's own.
	Bytes() ([]byte, error)
	// Reader reads all that was written, a piece at a time, until Close. Nothing is to be
	// written any more.
	Reader() io.ReadSeeker
	// Close gives back what it holds; Len goes on. It may be called more than once.
	Close()
}

// Renderer makes the published files of a source image. It is safe for
// concurrent use and admits by itself as much work as the machine bears. Its
// errors are *fault.Failure, but for a ctx that is done. While it waits for
// others it pauses the clock of ctx (PauseClock).
type Renderer interface {
	// Recipe names all that the result depends on beside source and preset: the
	// engine and how it is used. Results of the same preset under the same
	// recipe are interchangeable.
	Recipe() string
	// Render decodes the source and encodes everything that is published of it,
	// for the user of ctx (UserOf), whose pictures take turns with those of
	// others. An invalid preset fails with DecoderCrashed.
	Render(ctx context.Context, p Preset, source []byte) (Rendered, error)
}

type userKey struct{}

// WithUser returns ctx for work on a picture of the user.
func WithUser(ctx context.Context, id int64) context.Context {
	return context.WithValue(ctx, userKey{}, id)
}

// UserOf returns whose picture is worked on, 0 where ctx does not say.
func UserOf(ctx context.Context) int64 {
	id, _ := ctx.Value(userKey{}).(int64)
	return id
}

// Rendered is the result of rendering one source.
type Rendered struct {
	Width, Height int    // of the source, upright
	Placeholder   string // data URI, at most 400 bytes
	Compressed    Encoded
	Variants      []Encoded // by ascending width
	Notes         []catalog.Note
	Parts         []RenderPart // in their order
}

// RenderPart is a part of a rendering, and when it was: by the clock of the machine, since it
// may be done by another process.
type RenderPart struct {
	Name  string        `json:"name"` // one of package tracing's names of spans below render
	Began time.Time     `json:"began"`
	Took  time.Duration `json:"took"`
}

// Encoded is one file to be published.
type Encoded struct {
	Format        string // jpeg, png, gif, webp or avif; also the file's extension
	ContentType   string
	Width, Height int
	Body          []byte
}

// Blobs is what media needs of blob.Store.
type Blobs interface {
	Put(ctx context.Context, key, contentType string, body []byte) error
}

// Breaker is the state of a host's circuit breaker.
type Breaker struct {
	Host     string
	Open     bool
	Failures int          // different URLs that have failed in a row
	Reason   fault.Reason // of the last failure
}

// SilentHost is a host that answers no one.
type SilentHost struct {
	Host string
	Last *fault.Failure // the last of its failures
}
