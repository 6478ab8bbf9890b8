package burst_test

import (
	"testing"

	"vitrine.dev/internal/systemtest"
)

func TestMain(m *testing.M) { systemtest.Main(m) }

// system is one API and two workers on servers of their own.
type system struct {
	*systemtest.Installation

	t *testing.T
}

func newSystem(t *testing.T) *system {
	t.Helper()
	sys := &system{t: t, Installation: systemtest.Distributed(t, map[string]string{
		"FETCH_TIMEOUT": "5s", "JOB_MAX_AGE": "1m", "JOB_BACKOFF": "500ms", "JOB_BACKOFF_CAP": "10s",
	})}
	sys.Start(systemtest.Program)
	return sys
}
