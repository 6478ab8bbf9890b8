package queue_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/queue"
	"vitrine.dev/internal/queue/inprocess"
)

// consuming returns a queue whose messages are given to the handler, and its log, until stop.
func consuming(t *testing.T, handle queue.Handler) (q *queue.Queue, logged *bytes.Buffer, stop func()) {
	t.Helper()
	logged = &bytes.Buffer{}
	q = queue.New(inprocess.New(1), time.Second, slog.New(slog.NewTextHandler(logged, nil)))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- q.Consume(ctx, 1, handle) }()
	return q, logged, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// TestPanicIsLogged: a handler that panics is an ERROR with its stack, whatever
// the driver does with the message. Its own error, which publishers log, is one
// line.
func TestPanicIsLogged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q, logged, stop := consuming(t, func(context.Context, queue.Message) error { panic("a defect") })
		err := q.Publish(t.Context(), queue.Message{ID: "m"})
		stop()
		if err == nil || errors.Is(err, queue.ErrReject) || strings.Contains(err.Error(), "\n") {
			t.Errorf("publish returned %v", err)
		}
		for _, part := range []string{"level=ERROR", "handler panicked", "message=m", "consume_test.go"} {
			if !strings.Contains(logged.String(), part) {
				t.Errorf("%q is missing in the log:\n%s", part, logged)
			}
		}
	})
}

// TestFailureAfterAcknowledge: an error that comes after the acknowledgement has no one
// to go to but the log.
func TestFailureAfterAcknowledge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q, logged, stop := consuming(t, func(ctx context.Context, m queue.Message) error {
			queue.Acknowledge(ctx)
			if m.ID == "good" {
				return nil
			}
			return errors.New("not recorded")
		})
		for _, id := range []string{"good", "bad"} {
			if err := q.Publish(t.Context(), queue.Message{ID: id}); err != nil {
				t.Errorf("publish returned %v", err)
			}
		}
		stop()
		if lines := strings.TrimSpace(logged.String()); strings.Contains(lines, "\n") || !strings.Contains(lines, "level=WARN") ||
			!strings.Contains(lines, "message=bad") || !strings.Contains(lines, "not recorded") {
			t.Errorf("logged:\n%s", lines)
		}
	})
}
