package media

import (
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/imageurl"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/queue"
)

// Job is the message that asks for the work on one image. It has no URL: what is
// to be fetched is in the database. The host is for the limits of hosts.
type Job struct {
	ImageID     int64  `json:"image_id"`
	ProductID   int64  `json:"product_id"`
	Generation  int64  `json:"generation"` // grows with every replay of the image
	Token       int64  `json:"token"`      // of the dispatch: the message is for nothing once the image was dispatched again
	RequestID   string `json:"request_id,omitempty"`
	Traceparent string `json:"traceparent,omitempty"` // of the request; "" where it had no trace
	Host        string `json:"host,omitempty"`        // SourceHost of the image's URL
	Contended   bool   `json:"contended,omitempty"`   // others are due, in line or parked, of whatever host and user: the end of its download is reported soon
	Contact     bool   `json:"contact,omitempty"`     // the host has never answered, or its breaker has opened since
}

// SourceHost returns the host that an image's URL names: lower case, with the
// port where it is not the scheme's own. "" for a URL that has none. Uploads, which are in
// the storage, have imageurl.UploadHost.
func SourceHost(source string) string {
	if _, ok := imageurl.UploadOf(source); ok {
		return imageurl.UploadHost
	}
	u, err := url.Parse(source)
	if err != nil {
		return ""
	}
	return HostOf(u)
}

// HostOf is the host of a URL that was parsed, as SourceHost returns it.
func HostOf(u *url.URL) string {
	host, port := strings.ToLower(u.Hostname()), u.Port()
	standard := map[string]string{"http": "80", "https": "443"}[strings.ToLower(u.Scheme)]
	if host == "" || port == "" || port == standard {
		return host
	}
	return net.JoinHostPort(host, port)
}

// Encode returns the body of the job's message.
func (j Job) Encode() []byte {
	b, err := json.Marshal(j)
	if err != nil { // numbers, strings and booleans always encode
		return nil
	}
	return b
}

// DecodeJob reads the body of a message. Its error wraps queue.ErrReject: no
// redelivery makes a body readable.
func DecodeJob(body []byte) (Job, error) {
	var j Job
	if err := json.Unmarshal(body, &j); err != nil {
		return Job{}, fmt.Errorf("decode image job: %w: %w", queue.ErrReject, err)
	}
	if !validID(j.ImageID) || !validID(j.ProductID) || j.Generation < 1 {
		return Job{}, fmt.Errorf("decode image job: ids out of range: %w", queue.ErrReject)
	}
	return j, nil
}

func validID(id int64) bool { return id >= 1 && id <= catalog.MaxID }

// Claim is the right to work on an image until a lease ends. The pair of
// generation and attempt is its fencing token: each Begin makes a new one, and
// only the newest can write a result.
type Claim struct {
	Job

	UserID    int64
	Kind      Kind
	Shown     bool // the product shows a picture meanwhile
	SourceURL string
	Rendition string        // the key of the picture that is shown; "" for none
	Source    Version       // of the source of that picture; from the download on, of what was downloaded
	Attempt   int           // from 1
	Lost      int           // how many of the attempts before it ended with the loss of their worker
	Age       time.Duration // since the image was accepted or last replayed
	Waited    time.Duration // since it was last due: for its turn, or its host
	BegunAt   time.Time     // by the database's clock, before anything of the attempt was stored
	Work      events.Work   // how the attempt has gone until now; see Worked
}

// Worked is how the attempt has gone until now, with what the claim says of it.
func (c Claim) Worked() events.Work {
	work := c.Work
	work.Generation = c.Generation
	if !c.BegunAt.IsZero() {
		work.BegunAt, work.WaitedMS = c.BegunAt.UnixMilli(), c.Waited.Milliseconds()
	}
	return work
}

// spent is what the image has had when the attempt has taken so long.
func (c Claim) spent(attempt time.Duration) Spent {
	return Spent{Attempts: c.Attempt, Lost: c.Lost, Age: c.Age + attempt}
}

// Stage is how far the work on an image has come, whatever its product shows
// meanwhile. An image without work has none.
type Stage int

// The stages, as the database keeps them.
const (
	Later  Stage = 0 // in line from a moment on; a new image from the moment it was created
	Parked Stage = 1 // its host has no room
	InLine Stage = 2 // it waits for its rank
	Out    Stage = 3 // dispatched, and begun or not
)

// Kind is why an image is worked on.
type Kind string

// The kinds of jobs.
const (
	First   Kind = "first"   // it shows nothing yet
	Refresh Kind = "refresh" // its source may have changed
	Repair  Kind = "repair"  // files of what it shows are lost
)
