package events

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/feed"
	"vitrine.dev/internal/httpkit"
)

const (
	// typeStream is of streams of server-sent events: the HTML standard, section 9.2.
	typeStream        = "text/event-stream"
	headerLastEventID = "Last-Event-ID"

	// quiet is after how long without an event a comment is sent, so that no proxy takes the
	// connection for idle: the standard advises about 15 s.
	quiet = 15 * time.Second
	// reconnect is how long a browser waits before it opens the stream again.
	reconnect = 3 * time.Second
	// sendTimeout is how long a client may take for what was read at once.
	sendTimeout = 30 * time.Second

	policyStreams = "streams"
)

// Streams reports whether the client would rather follow the log. One that takes either gets a page,
// which has an end: clients that are made of the description name all media types alike.
func Streams(r *http.Request) bool {
	return httpkit.Prefers(r, typeStream, httpkit.TypeJSON) && !httpkit.Prefers(r, httpkit.TypeJSON, typeStream)
}

// stream follows the log until the client leaves, its key is over, or the process is about to end.
func (h *Handler) stream(w http.ResponseWriter, r *http.Request, q feed.Query) error {
	s, err := h.Feed.Open(r.Context(), q)
	if errors.Is(err, feed.ErrTooManyOfUser) {
		return httpkit.Exceeded(policyStreams, reconnect, feed.ErrTooManyOfUser.Message)
	}
	if err != nil {
		return fmt.Errorf("open a stream of events: %w", err)
	}
	defer s.Close()
	ctx, cancel := r.Context(), func() {}
	if h.Hold != nil {
		ctx, cancel = h.Hold(ctx, q.By)
	}
	defer cancel()
	header := w.Header()
	header.Set("Content-Type", typeStream)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // of nginx: what is sent is passed on at once
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	out := newSender(ctx, w)
	defer out.close()
	fmt.Fprintf(&out.text, "retry: %d\n", reconnect.Milliseconds())
	out.position(s.Position())
	for out.send(ctx) {
		waiting, done := context.WithTimeout(ctx, quiet)
		list, err := s.Next(waiting)
		isQuiet := waiting.Err() != nil && ctx.Err() == nil
		done()
		switch {
		case err == nil:
			if err := out.events(list, s.Position().Epoch); err != nil {
				return err
			}
		case isQuiet:
			out.text.WriteString(":\n")
			out.position(s.Position())
		case ctx.Err() != nil, errors.Is(err, feed.ErrEnded), errors.Is(err, feed.ErrGone), errors.Is(err, auth.ErrUnknownKey):
			return nil // the client learns why when it opens the stream again
		default:
			return fmt.Errorf("follow events: %w", err)
		}
	}
	return nil
}

// sender sends a stream. What was read at once is sent before more is read.
type sender struct {
	w    http.ResponseWriter
	conn *http.ResponseController
	text bytes.Buffer
	stop func() bool
}

// newSender returns a sender, which sends nothing more once ctx is done, also where the client does
// not read. Errors of deadlines are ignored: a connection that has none ends by other means.
func newSender(ctx context.Context, w http.ResponseWriter) *sender {
	s := &sender{w: w, conn: http.NewResponseController(w)}
	_ = s.conn.SetReadDeadline(time.Time{}) // that of the request would end the stream
	s.stop = context.AfterFunc(ctx, func() { _ = s.conn.SetWriteDeadline(time.Now()) })
	return s
}

func (s *sender) close() { s.stop() }

// position has the client go on from there. Without data it is no event to it.
func (s *sender) position(id events.PublicID) { fmt.Fprintf(&s.text, "id: %s\n\n", id) }

func (s *sender) events(list []events.Event, epoch string) error {
	e := httpkit.NewEncoder(&s.text)
	for _, one := range list {
		public := one.Public(epoch)
		fmt.Fprintf(&s.text, "id: %s\ndata: ", public.ID)
		if err := e.Encode(public); err != nil {
			return fmt.Errorf("encode an event: %w", err)
		}
		s.text.WriteByte('\n')
	}
	return nil
}

// send sends what was written, and reports whether the client has taken it.
func (s *sender) send(ctx context.Context) bool {
	_ = s.conn.SetWriteDeadline(time.Now().Add(sendTimeout))
	if ctx.Err() != nil { // after the deadline: else this one would be in place of the end
		return false
	}
	_, err := s.w.Write(s.text.Bytes())
	if s.text.Reset(); s.text.Cap() > httpkit.FreeBytes { // so that a stream which waits holds little
		s.text = bytes.Buffer{}
	}
	return err == nil && s.conn.Flush() == nil
}
