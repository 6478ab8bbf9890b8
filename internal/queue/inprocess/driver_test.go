package inprocess_test

import (
	"testing"

	"go.uber.org/goleak"

	"vitrine.dev/internal/queue"
	"vitrine.dev/internal/queue/inprocess"
	"vitrine.dev/internal/queue/queuetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	t.Parallel()
	queuetest.Run(t, queuetest.Capabilities{}, func(*testing.T) queuetest.Broker {
		d := inprocess.New(8)
		return func(*testing.T) queue.Driver { return d }
	})
}
