package redis

import (
	"context"
	"errors"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/redis/rueidis"
)

const (
	dialTimeout = time.Second
	// linkTimeout is after how long without an answer a connection is given
	// up. Until then its local copies may be older than they should.
	linkTimeout = 2 * time.Second
	redialPause = 500 * time.Millisecond
)

var errNotConnected = errors.New("not connected")

// link makes the client, which insists on a server that answers, when there is
// one. Once made, the client connects again by itself.
type link struct {
	option rueidis.ClientOption

	mu      sync.Mutex
	made    rueidis.Client
	dialing chan struct{} // closed when the dial under way has ended
	rest    time.Time     // no new dial before
	closed  bool
}

func newLink(cfg Config) *link {
	return &link{option: rueidis.ClientOption{
		InitAddress: []string{net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port)))},
		Password:    cfg.Password, ClientName: "vitrine",
		// A single server is what the scripts and the tracking are for.
		ForceSingleClient: true,
		DisableRetry:      true, // the caller has the database to go to
		ConnWriteTimeout:  linkTimeout,
		Dialer:            net.Dialer{Timeout: dialTimeout, KeepAlive: linkTimeout},
		CacheSizeEachConn: cfg.LocalBytes,
	}}
}

func (l *link) client(ctx context.Context) (rueidis.Client, error) {
	l.mu.Lock()
	if l.made != nil || l.closed {
		defer l.mu.Unlock()
		if l.closed {
			return nil, errNotConnected
		}
		return l.made, nil
	}
	if l.dialing == nil {
		if time.Now().Before(l.rest) {
			l.mu.Unlock()
			return nil, errNotConnected
		}
		l.dialing = make(chan struct{})
		go l.dial(l.dialing)
	}
	dialing := l.dialing
	l.mu.Unlock()
	select {
	case <-dialing:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.made == nil || l.closed {
		return nil, errNotConnected
	}
	return l.made, nil
}

func (l *link) dial(done chan struct{}) {
	client, err := rueidis.NewClient(l.option)
	l.mu.Lock()
	defer l.mu.Unlock()
	defer close(done)
	l.dialing = nil
	switch {
	case err != nil:
		l.rest = time.Now().Add(redialPause)
	case l.closed:
		client.Close()
	default:
		l.made = client
	}
}

func (l *link) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.made != nil {
		l.made.Close()
	}
}
