package testserver

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"testing"
)

// Redis returns host:port of the shared Redis. Tests keep apart by a key
// prefix of their own.
func Redis(tb testing.TB) string {
	tb.Helper()
	return shared(tb, redisEngine).addr
}

// OwnRedis starts a Redis for this test alone. It keeps its data over Kill and
// Start (append-only file).
func OwnRedis(tb testing.TB) *Server {
	tb.Helper()
	return own(tb, redisEngine)
}

func newRedis() (*Server, error) {
	program, ok := lookup("redis-server", "/opt/homebrew/bin", "/usr/local/bin")
	if !ok {
		return nil, &missingError{"redis-server", "redis-server", "redis"}
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	folder, err := newFolder("redis")
	if err != nil {
		return nil, err
	}
	addr := net.JoinHostPort(loopback, strconv.Itoa(port))
	return &Server{
		name: "Redis", addr: addr, url: "redis://" + addr, folder: folder, endSignal: "KILL",
		argv: []string{
			program, "--bind", loopback, "--port", strconv.Itoa(port), "--dir", folder,
			"--save", "", "--appendonly", "yes", "--appendfsync", "no",
		},
		ready: func(ctx context.Context) error { return pingRedis(ctx, addr) },
	}, nil
}

func pingRedis(ctx context.Context, addr string) error {
	answer, err := askRedis(ctx, addr, "PING")
	if err == nil && answer != "+PONG" {
		return fmt.Errorf("ping: %q", answer)
	}
	return err
}
