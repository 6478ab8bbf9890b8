package fetch

import (
	"errors"
	"fmt"
	"time"
)

// Config bounds downloads. Begin with DefaultConfig.
type Config struct {
	// AllowPrivate lets downloads reach every address and port, loopback and
	// the cloud's metadata service too. For development and closed networks.
	AllowPrivate bool
	Ports        []uint16 // that may be connected to unless AllowPrivate

	MaxBytes       int64 // of a body
	MaxHeaderBytes int64 // of the header of one answer
	MaxRedirects   int   // 0 follows none

	Timeout       time.Duration // the whole download, redirects included
	DialTimeout   time.Duration // look-up of the name and connection
	TLSTimeout    time.Duration // TLS handshake
	HeaderTimeout time.Duration // from the request to the end of the header
	IdleTimeout   time.Duration // between two pieces of the body

	MaxConnsPerHost int           // further downloads wait, within their Timeout
	KeepAlive       time.Duration // how long an unused connection is kept

	UserAgent string
}

// DefaultConfig returns the limits for pictures from the public internet.
func DefaultConfig() Config {
	return Config{
		Ports:           []uint16{80, 443},
		MaxBytes:        25_000_000,
		MaxHeaderBytes:  64 << 10,
		MaxRedirects:    5,
		Timeout:         30 * time.Second,
		DialTimeout:     10 * time.Second,
		TLSTimeout:      10 * time.Second,
		HeaderTimeout:   15 * time.Second,
		IdleTimeout:     10 * time.Second,
		MaxConnsPerHost: 16,
		KeepAlive:       30 * time.Second,
		UserAgent:       "Vitrine/1.0 (product image fetcher)",
	}
}

// Validate reports everything that is wrong.
func (c Config) Validate() error {
	var errs []error
	check := func(ok bool, problem string) {
		if !ok {
			errs = append(errs, errors.New(problem))
		}
	}
	check(c.AllowPrivate || len(c.Ports) > 0, "at least one port must be allowed")
	check(c.MaxBytes > 0 && c.MaxBytes < 1<<40, "the limit of bytes must be positive and below 1 TiB")
	check(c.MaxHeaderBytes > 0, "the limit of header bytes must be positive")
	check(c.MaxRedirects >= 0, "the limit of redirects must not be negative")
	for _, limit := range []struct {
		name  string
		value time.Duration
	}{
		{"whole download", c.Timeout},
		{"connection", c.DialTimeout},
		{"TLS handshake", c.TLSTimeout},
		{"header", c.HeaderTimeout},
		{"idle body", c.IdleTimeout},
		{"unused connection", c.KeepAlive},
	} {
		check(limit.value > 0, "the time limit of the "+limit.name+" must be positive")
	}
	check(c.MaxConnsPerHost > 0, "the limit of connections to a host must be positive")
	check(c.UserAgent != "", "the user agent must not be empty")
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("fetch configuration: %w", errors.Join(errs...))
}
