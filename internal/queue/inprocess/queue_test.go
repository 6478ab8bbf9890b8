package inprocess_test

import (
	"log/slog"
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
		var q queue.Queue
		return func(t *testing.T, s queuetest.Settings) queue.Queue {
			t.Helper()
			if q == nil {
				q = inprocess.New(slog.New(slog.DiscardHandler), 8, inprocess.WithDrainTimeout(s.DrainTimeout))
			}
			return q
		}
	})
}
