package rabbitmq_test

import (
	"log/slog"
	"net/url"
	"strconv"
	"testing"
	"time"

	"vitrine.dev/internal/queue"
	"vitrine.dev/internal/queue/queuetest"
	"vitrine.dev/internal/queue/rabbitmq"
	"vitrine.dev/internal/testserver"
)

// patience is how long a test waits for what must happen.
const patience = 60 * time.Second

func TestConformance(t *testing.T) {
	t.Parallel()
	can := queuetest.Capabilities{Stores: true, CountsDeliveries: true}
	queuetest.Run(t, can, func(t *testing.T) queuetest.Broker {
		t.Helper()
		cfg := configOf(t, testserver.RabbitMQ(t))
		return func(t *testing.T, s queuetest.Settings) queue.Queue {
			t.Helper()
			cfg.DrainTimeout = s.DrainTimeout
			return open(t, cfg)
		}
	})
}

// configOf returns a Config for the broker and vhost of an amqp:// address,
// with waits fit for a test.
func configOf(tb testing.TB, address string) rabbitmq.Config {
	tb.Helper()
	u, err := url.Parse(address)
	if err != nil {
		tb.Fatal(err)
	}
	password, _ := u.User.Password()
	vhost := u.Path
	if len(vhost) > 1 {
		vhost = vhost[1:]
	}
	cfg := rabbitmq.Config{
		User: u.User.Username(), Password: password, VHost: vhost,
		DeliveryLimit: queuetest.DeliveryLimit, Heartbeat: 2 * time.Second,
		RequeueMin: 5 * time.Millisecond, RequeueMax: 20 * time.Millisecond,
		ReconnectMin: 10 * time.Millisecond, ReconnectMax: 100 * time.Millisecond,
		DrainTimeout: patience,
	}
	setAddress(tb, &cfg, u.Host)
	return cfg
}

func setAddress(tb testing.TB, cfg *rabbitmq.Config, address string) {
	tb.Helper()
	u := url.URL{Host: address}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		tb.Fatal(err)
	}
	cfg.Host, cfg.Port = u.Hostname(), uint16(port)
}

func open(tb testing.TB, cfg rabbitmq.Config) *rabbitmq.Queue {
	tb.Helper()
	q, err := rabbitmq.New(cfg, slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := q.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return q
}
