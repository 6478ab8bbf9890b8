//go:build !(darwin || freebsd || linux || netbsd)

package vips

import (
	"errors"

	"vitrine.dev/internal/imaging/engine"
)

// Engine is the engine on libvips, which this operating system has none of.
type Engine struct{ engine.Engine }

// Open reports that libvips cannot be used on this operating system.
func Open(string) (*Engine, error) {
	return nil, errors.New("open libvips: not supported on this operating system")
}
