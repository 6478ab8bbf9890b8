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
	if _, err := rabbitmq.New(rabbitmq.DefaultConfig(), log); err != nil {
		t.Fatalf("the defaults: %v", err)
	}
	for rule, change := range map[string]func(*rabbitmq.Config){
		"delivery limit": func(c *rabbitmq.Config) { c.DeliveryLimit = -1 }, // loses messages on 3.10
		"heartbeat":      func(c *rabbitmq.Config) { c.Heartbeat = time.Second },
		"publish window": func(c *rabbitmq.Config) { c.PublishWindow = -1 },
		"dial timeout":   func(c *rabbitmq.Config) { c.DialTimeout = 0 },
		"queue name":     func(c *rabbitmq.Config) { c.QueueName = strings.Repeat("q", 300) },
	} {
		cfg := rabbitmq.DefaultConfig()
		change(&cfg)
		if _, err := rabbitmq.New(cfg, log); err == nil || !strings.Contains(err.Error(), rule) {
			t.Errorf("%s: %v", rule, err)
		}
	}
}
