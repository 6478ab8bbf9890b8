package testserver

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// engine is a kind of server and the one of it that this process shares.
type engine struct {
	variable string // names the server of an outer set, as "addr url"
	create   func() (*Server, error)
	once     sync.Once
	server   *Server
	err      error
}

var (
	postgresEngine = &engine{variable: "VITRINE_TEST_POSTGRES", create: newPostgres}
	redisEngine    = &engine{variable: "VITRINE_TEST_REDIS", create: newRedis}
	rabbitEngine   = &engine{variable: "VITRINE_TEST_RABBITMQ", create: newRabbitMQ}
	s3Engine       = &engine{variable: "VITRINE_TEST_S3", create: newS3}
)

// engines lists all kinds, the slowest to start first.
func engines() []*engine {
	return []*engine{rabbitEngine, postgresEngine, s3Engine, redisEngine}
}

// get returns the shared server: the outer set's, or one for this process,
// started now.
func (e *engine) get() (*Server, error) {
	e.once.Do(func() {
		if addr, url, ok := strings.Cut(os.Getenv(e.variable), " "); ok {
			e.server = &Server{addr: addr, url: url}
			return
		}
		e.server, e.err = e.launch(context.Background())
	})
	return e.server, e.err
}

// launch creates and starts a new server.
func (e *engine) launch(ctx context.Context) (*Server, error) {
	server, err := e.create()
	if err != nil {
		return nil, err
	}
	if err := server.start(ctx); err != nil {
		server.close()
		return nil, err
	}
	return server, nil
}

func shared(tb testing.TB, e *engine) *Server {
	tb.Helper()
	skipShort(tb)
	server, err := e.get()
	check(tb, err)
	return server
}

func own(tb testing.TB, e *engine) *Server {
	tb.Helper()
	skipShort(tb)
	server, err := e.launch(tb.Context())
	check(tb, err)
	tb.Cleanup(server.close)
	return server
}

// skipShort skips the test with -short, which starts no server.
func skipShort(tb testing.TB) {
	tb.Helper()
	if testing.Short() {
		tb.Skip("-short: it needs a server")
	}
}

// check ends the test if a server is not to be had: by a skip if its program
// is missing, unless the environment demands it.
func check(tb testing.TB, err error) {
	tb.Helper()
	var missing *missingError
	switch {
	case err == nil:
	case errors.As(err, &missing) && os.Getenv(requireVariable) != "1":
		tb.Skip(err)
	default:
		tb.Fatal(err)
	}
}

// requireVariable set to 1 makes a missing program a failure.
const requireVariable = "VITRINE_TEST_REQUIRE"

// uniqueName returns prefix and a random suffix of lower-case letters and
// digits, valid as a database, vhost and bucket.
func uniqueName(prefix string) string { return prefix + strings.ToLower(rand.Text()) }

// cleanupContext is for clean-ups, which run after the test's own context.
func cleanupContext(tb testing.TB) (context.Context, context.CancelFunc) {
	tb.Helper()
	return context.WithTimeout(context.WithoutCancel(tb.Context()), 30*time.Second)
}
