package frame

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/httpkit"
)

const typeStream = "text/event-stream"

const (
	// mostStreams bounds the tabs that this process tells of changes.
	mostStreams = 200
	// liveGap is how long a tab is left alone after it was told of a change.
	liveGap = 2 * time.Second
	// liveTick is how often a tab is told to look again though nothing has changed that the log of
	// events has, such as what is in work: a look of the page Now is twenty statements for the first tab that looks in a second, and a
	// tab at rest costs at most five in ten seconds.
	liveTick = 45 * time.Second
	// liveWrite bounds the sending of one message.
	liveWrite = 10 * time.Second
)

// look is the message that has a page look again.
const look = "event: look\ndata: \n\n"

// Live tells open tabs when to look again. It follows the log of events while there is any, once for all of them.
type Live struct {
	follow func(ctx context.Context, changed func()) // until ctx is done
	hold   func(context.Context, auth.Principal) (context.Context, context.CancelFunc)
	ended  chan struct{} // closed when the process stops

	mu      sync.Mutex
	streams map[chan struct{}]struct{}
	stop    context.CancelFunc
}

// NewLive returns a Live: follow calls changed after each change until its context is done, and hold is an
// auth.Authenticator's.
func NewLive(
	follow func(ctx context.Context, changed func()), hold func(context.Context, auth.Principal) (context.Context, context.CancelFunc),
) *Live {
	return &Live{follow: follow, hold: hold, ended: make(chan struct{}), streams: map[chan struct{}]struct{}{}}
}

// Run ends all streams when ctx is done. It is called once.
func (l *Live) Run(ctx context.Context) error {
	<-ctx.Done()
	close(l.ended)
	return nil
}

// join returns what receives after changes, nil where there are too many.
func (l *Live) join() chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.streams) >= mostStreams {
		return nil
	}
	if len(l.streams) == 0 {
		ctx, stop := context.WithCancel(context.Background())
		l.stop = stop
		go l.follow(ctx, l.changed)
	}
	c := make(chan struct{}, 1)
	l.streams[c] = struct{}{}
	return c
}

func (l *Live) leave(c chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if delete(l.streams, c); len(l.streams) == 0 {
		l.stop()
	}
}

// changed wakes all streams; it never blocks.
func (l *Live) changed() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.streams {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// Stream answers with the stream of the request: a message "look" whenever the page should look again.
func (f *Frame) Stream(l *Live) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r, by, err := f.enter(r, auth.Operator) //nolint:contextcheck // the context is the request's
		if err != nil {
			f.fail(w, r, err)
			return
		}
		changes := l.join() //nolint:contextcheck // what follows the log outlives the first that asks
		if changes == nil {
			w.Header().Set("Retry-After", httpkit.RetryAfter)
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		defer l.leave(changes)
		ctx, cancel := l.hold(r.Context(), by)
		defer cancel()
		f.protect(w.Header())
		w.Header().Set("Content-Type", typeStream)
		w.Header().Set("Cache-Control", "no-store")
		l.notify(ctx, w, changes, r.URL.Query().Has("often")) //nolint:contextcheck // Enter's context is made of the request's
	})
}

// notify writes messages until ctx is done, or the client is gone.
func (l *Live) notify(ctx context.Context, w http.ResponseWriter, changes <-chan struct{}, often bool) {
	sent := http.NewResponseController(w)
	send := func(text string) bool {
		_ = sent.SetWriteDeadline(time.Now().Add(liveWrite)) // not of every writer
		_, err := fmt.Fprint(w, text)
		return err == nil && sent.Flush() == nil
	}
	if !send("retry: 3000\n: open\n\n") {
		return
	}
	tick := time.NewTicker(liveTick)
	defer tick.Stop()
	for {
		text := ": alive\n\n"
		select {
		case <-ctx.Done(): // where the key is over, the page finds that out at once
			send(look)
			return
		case <-l.ended:
			return
		case <-changes:
			text = look
		case <-tick.C:
			if often {
				text = look
			}
		}
		if !send(text) {
			return
		}
		select {
		case <-ctx.Done(): // found out above
		case <-l.ended:
			return
		case <-time.After(liveGap):
		}
	}
}
