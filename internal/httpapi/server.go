package httpapi

import (
	"log/slog"
	"net/http"
	"time"
)

// Bounds on what one connection may take, so that slow or greedy clients
// cannot hold the server.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second // header and body: 1 MiB at 35 kB/s
	writeTimeout      = 60 * time.Second
	imageWriteTimeout = 5 * time.Minute // in place of writeTimeout, for the body of an image
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10 // the request line included
)

// NewServer returns a server for the handler with every time-out and limit
// set. The caller gives it its listener and shuts it down. A server's own
// complaints (broken TLS handshakes, bad request lines) are logged as warnings.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}
