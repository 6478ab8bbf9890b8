package rabbitmq_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/queue/rabbitmq"
)

func TestNewChecksItsConfig(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	q, err := rabbitmq.New(rabbitmq.Config{}, log)
	if err != nil {
		t.Fatalf("the defaults: %v", err)
	}
	if want := rabbitmq.DefaultConfig().PublishWindow; q.Window() != want {
		t.Errorf("window %d, want %d", q.Window(), want)
	}
	for rule, cfg := range map[string]rabbitmq.Config{
		"delivery limit": {DeliveryLimit: -1}, // loses messages on 3.10
		"heartbeat":      {Heartbeat: time.Second},
		"publish window": {PublishWindow: -1},
		"drain timeout":  {DrainTimeout: -1},
		"queue name":     {QueueName: strings.Repeat("q", 300)},
	} {
		if _, err := rabbitmq.New(cfg, log); err == nil || !strings.Contains(err.Error(), rule) {
			t.Errorf("%s: %v", rule, err)
		}
	}
}
