package server

import (
	"log/slog"
	"net/http"
	"time"
)

// Limits are the bounds on what one connection may take, so that slow or greedy
// clients cannot exhaust the server.
type Limits struct {
	HeaderTimeout  time.Duration // for the header of a request, from its first byte or the connection's start
	ReadTimeout    time.Duration // for header and body together
	WriteTimeout   time.Duration // for the work and the sending of the answer, from the end of the header
	IdleTimeout    time.Duration // between two requests on a connection
	MaxHeaderBytes int           // request line and header; net/http adds 4 KiB of grace
}

// DefaultLimits are those that the API is served with: 1 MiB of body within
// ReadTimeout is 35 kB/s.
func DefaultLimits() Limits {
	return Limits{
		HeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
}

// Server returns a server for the handler with every time-out and limit set.
// The caller gives it its listener and shuts it down. Errors of the server itself
// (broken TLS handshakes, bad request lines) are logged as warnings.
func (l Limits) Server(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: l.HeaderTimeout,
		ReadTimeout:       l.ReadTimeout,
		WriteTimeout:      l.WriteTimeout,
		IdleTimeout:       l.IdleTimeout,
		MaxHeaderBytes:    l.MaxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}
