package e2e_test

import (
	"testing"

	"vitrine.dev/internal/systemtest"
)

// shape is one way to run the system.
type shape struct {
	name string
	// start starts it and returns where its API listens.
	start func(t *testing.T) (api string)
}

func shapes() []shape {
	return []shape{
		{"embedded", func(t *testing.T) string {
			t.Helper()
			return systemtest.Start(t, "serve", map[string]string{"DATA_DIR": t.TempDir()}).URL()
		}},
		{"embedded in pure Go", func(t *testing.T) string {
			t.Helper()
			return systemtest.Start(t, "serve", map[string]string{"DATA_DIR": t.TempDir(), "IMAGE_ENGINE": "go"}).URL()
		}},
		{"embedded as two processes", func(t *testing.T) string {
			t.Helper()
			env := map[string]string{"DATA_DIR": t.TempDir()}
			api := systemtest.Start(t, "api", env).URL()
			// Images are served by the API; the worker need not know where.
			systemtest.Start(t, "worker", env)
			return api
		}},
		{"servers", func(t *testing.T) string {
			t.Helper()
			env := systemtest.SharedServers(t)
			systemtest.Run(t, "migrate", env)
			api := systemtest.Start(t, "api", env).URL()
			systemtest.Start(t, "worker", env)
			systemtest.Start(t, "worker", env)
			return api
		}},
	}
}
