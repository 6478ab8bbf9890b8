package fetch

import (
	"time"

	"vitrine.dev/internal/safehttp"
)

// Config bounds downloads. Begin with DefaultConfig.
type Config struct {
	safehttp.Config // of each request; the connections to a host are waited for within Timeout

	MaxBytes     int64 // of a body
	MaxRedirects int   // 0 follows none

	Timeout     time.Duration // the whole download, redirects included
	IdleTimeout time.Duration // between two pieces of the body

	UserAgent string
}

// DefaultConfig returns the limits for pictures from the public internet.
func DefaultConfig() Config {
	return Config{
		Config:       safehttp.DefaultConfig(),
		MaxBytes:     25_000_000,
		MaxRedirects: 5,
		Timeout:      30 * time.Second,
		IdleTimeout:  10 * time.Second,
		UserAgent:    "Vitrine/1.0 (product image fetcher)",
	}
}
