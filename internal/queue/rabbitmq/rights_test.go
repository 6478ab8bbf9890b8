package rabbitmq_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/queue"
	"vitrine.dev/internal/testserver"
)

// The rights that docs/operations.md names are enough.
const (
	configureRight = `^vitrine\.images\.v1(\.dead|\.dlx|\.installation)?$`
	writeRight     = `^(vitrine\.images\.v1(\.dead|\.dlx)?|vitrine\.[0-9a-f]{32}|amq\.default)$`
	readRight      = `^vitrine\.images\.v1(\.dead|\.dlx|\.installation)?$`
)

// TestUserWithFewRights publishes, consumes, dead-letters and asks for depth.
func TestUserWithFewRights(t *testing.T) {
	t.Parallel()
	cfg := configOf(t, testserver.RabbitMQUser(t, configureRight, writeRight, readRight))
	cfg.Installation = id("a")
	q := open(t, cfg)
	for i := range 3 {
		if err := q.Publish(t.Context(), queue.Message{ID: strconv.Itoa(i), Body: []byte("job")}); err != nil {
			t.Fatal(err)
		}
	}
	for _, source := range []queue.Source{queue.Work, queue.Dead} {
		if depth, err := q.Depth(t.Context(), source); err != nil || depth.Ready > 3 {
			t.Errorf("depth of %s: %+v, %v", source, depth, err)
		}
	}
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	ended := make(chan error, 2)
	go func() {
		ended <- q.Consume(ctx, 1, func(context.Context, queue.Message) error {
			return fmt.Errorf("no job: %w", queue.ErrReject)
		})
	}()
	dead := make(chan string)
	go func() {
		ended <- q.ConsumeDead(ctx, func(_ context.Context, m queue.Message) error {
			dead <- string(m.Body)
			return nil
		})
	}()
	for range 3 {
		select {
		case body := <-dead:
			if body != "job" {
				t.Errorf("dead-lettered %q", body)
			}
		case <-ctx.Done():
			t.Fatal("nothing was dead-lettered")
		}
	}
	stop()
	if err := errors.Join(<-ended, <-ended); err != nil {
		t.Error(err)
	}
}

// TestEachRightIsNeeded: with one less the queue is unavailable, which an
// operator can change.
func TestEachRightIsNeeded(t *testing.T) {
	t.Parallel()
	for name, rights := range map[string][3]string{
		"configure": {`^$`, writeRight, readRight},
		"write":     {configureRight, `^(vitrine\.images\.v1(\.dead|\.dlx)?|vitrine\.[0-9a-f]{32})$`, readRight},
		"read":      {configureRight, writeRight, `^$`},
		"marking":   {configureRight, `^(vitrine\.images\.v1(\.dead|\.dlx)?|amq\.default)$`, readRight},
		"a marker":  {`^vitrine\.images\.v1(\.dead|\.dlx)?$`, writeRight, readRight},
	} {
		cfg := configOf(t, testserver.RabbitMQUser(t, rights[0], rights[1], rights[2]))
		cfg.Installation = id("a")
		q := open(t, cfg)
		err := q.Publish(t.Context(), queue.Message{ID: "1", Body: []byte("job")})
		if fault.KindOf(err) != fault.Unavailable {
			t.Errorf("without %s: %v", name, err)
		}
	}
}
