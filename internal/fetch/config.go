package fetch

import (
	"errors"
	"fmt"
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

// Validate reports everything that is wrong.
func (c Config) Validate() error {
	errs := []error{c.Config.Validate()}
	check := func(ok bool, problem string) {
		if !ok {
			errs = append(errs, errors.New(problem))
		}
	}
	check(c.MaxBytes > 0 && c.MaxBytes < 1<<40, "the limit of bytes must be positive and below 1 TiB")
	check(c.MaxRedirects >= 0, "the limit of redirects must not be negative")
	check(c.Timeout > 0, "the time limit of the whole download must be positive")
	check(c.IdleTimeout > 0, "the time limit of the idle body must be positive")
	check(c.UserAgent != "", "the user agent must not be empty")
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("fetch configuration: %w", err)
	}
	return nil
}
