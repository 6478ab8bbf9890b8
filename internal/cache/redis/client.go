package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/cache"
)

// Config says where the server is and bounds its use. What is not positive has
// its default; only Host has none.
type Config struct {
	Host     string
	Port     uint16      // 6379
	TLS      *tls.Config // nil for a plain connection; the server's name is Host where it has none
	User     string      // the server's default user where empty
	Password string
	DB       int           // 0 in a cluster
	Cluster  bool          // the server is a node of a Redis Cluster, which tells of the others
	Prefix   string        // of every key
	Lease    time.Duration // how long an entry lives, cache.DefaultLease
	// LocalLease is how long a copy in this process lives, cache.DefaultLease; at most the lease.
	LocalLease  time.Duration
	LocalBytes  int           // of copies in this process, 64 MiB; the least used are dropped
	DialTimeout time.Duration // of New, 1 s
	// OpTimeout bounds every operation, connecting included, 250 ms: a server
	// that hangs must not hold a request.
	OpTimeout time.Duration
	// Installation returns the id of the installation, which the server's marker
	// must name. Nil: it is not looked at.
	Installation func() (string, error)
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{
		Port: 6379, Lease: cache.DefaultLease, LocalLease: cache.DefaultLease, LocalBytes: 64 << 20,
		DialTimeout: time.Second, OpTimeout: 250 * time.Millisecond,
	}
}

// silence is after how long without a sign of life the connection is asked for
// one, and again after how long without an answer it is given up. Until then
// copies in this process may be older than they should be.
const silence = 2 * time.Second

// ValidPrefix reports whether the keys of one entry stay together in a cluster,
// which goes by what stands between the first pair of braces of a key: the
// prefix's own, where it has one.
func ValidPrefix(prefix string) bool {
	_, after, found := strings.Cut(prefix, "{")
	tag, _, closed := strings.Cut(after, "}")
	return !found || closed && tag != ""
}

// dialFunc makes a connection, as in rueidis.ClientOption.
type dialFunc = func(ctx context.Context, addr string, dialer *net.Dialer, secured *tls.Config) (net.Conn, error)

func (c Config) option(dial dialFunc) rueidis.ClientOption {
	return rueidis.ClientOption{
		InitAddress: []string{net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))},
		Username:    c.User, Password: c.Password, TLSConfig: c.TLS, SelectDB: c.DB, ClientName: "vitrine",
		Dialer: net.Dialer{Timeout: c.DialTimeout, KeepAlive: silence}, DialCtxFn: dial,
		ConnWriteTimeout: silence,
		// One connection to each server carries reads, writes and the server's word on copies,
		// so that their order is the server's.
		ForceSingleClient: !c.Cluster, PipelineMultiplex: -1,
		CacheSizeEachConn: c.LocalBytes,
		DisableRetry:      true, // the caller has the database to go to
	}
}

// connectPause is between two looks for a cluster that cannot be reached.
const connectPause = time.Second

var errNoCluster = errors.New("no node of the cluster could be reached yet")

// client is rueidis.Client from when there is one: that of a single server is
// made without the server, that of a cluster must have seen a node.
type client struct {
	made   atomic.Pointer[rueidis.Client]
	why    atomic.Pointer[error] // why there is none yet
	cancel context.CancelFunc    // ends the search
	search sync.WaitGroup
}

func newClient(ctx context.Context, cfg Config, dial dialFunc) *client {
	searching, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c := &client{cancel: cancel}
	if !c.make(cfg, dial) {
		c.search.Go(func() {
			for !c.make(cfg, dial) {
				if backoff.Sleep(searching, connectPause) != nil {
					return
				}
			}
		})
	}
	return c
}

// make reports whether the client is there now.
func (c *client) make(cfg Config, dial dialFunc) bool {
	made, err := rueidis.NewClient(cfg.option(dial))
	if made == nil {
		c.why.Store(&err)
		return false
	}
	// A single server's is made even where it could not connect.
	c.made.Store(&made)
	return true
}

func (c *client) get() (rueidis.Client, error) {
	if made := c.made.Load(); made != nil {
		return *made, nil
	}
	if why := c.why.Load(); why != nil {
		return nil, errors.Join(errNoCluster, *why)
	}
	return nil, errNoCluster
}

func (c *client) close() {
	c.cancel()
	c.search.Wait()
	if made := c.made.Load(); made != nil {
		(*made).Close()
	}
}
