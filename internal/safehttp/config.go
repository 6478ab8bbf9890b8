package safehttp

import (
	"time"
)

// Config bounds requests. Begin with DefaultConfig.
type Config struct {
	// AllowPrivate lets requests reach every address and port, loopback and
	// the cloud's metadata service too. For development and closed networks.
	AllowPrivate bool
	Ports        []uint16 // that may be connected to unless AllowPrivate

	MaxHeaderBytes int64 // of the header of one answer

	DialTimeout   time.Duration // look-up of the name and connection
	TLSTimeout    time.Duration // TLS handshake
	HeaderTimeout time.Duration // from the request to the end of the header

	MaxConnsPerHost int           // further requests wait for one of them
	KeepAlive       time.Duration // how long an unused connection is kept
}

// DefaultConfig returns the limits for hosts on the public internet.
func DefaultConfig() Config {
	return Config{
		Ports:           []uint16{80, 443},
		MaxHeaderBytes:  64 << 10,
		DialTimeout:     10 * time.Second,
		TLSTimeout:      10 * time.Second,
		HeaderTimeout:   15 * time.Second,
		MaxConnsPerHost: 16,
		KeepAlive:       30 * time.Second,
	}
}
