package rabbitmq_test

import (
	"cmp"
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
		return func(t *testing.T) queue.Driver {
			t.Helper()
			return driver(t, cfg)
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
	cfg := rabbitmq.DefaultConfig()
	cfg.User, cfg.Password, cfg.VHost = u.User.Username(), password, cmp.Or(vhost, cfg.VHost)
	cfg.DeliveryLimit, cfg.Heartbeat = queuetest.DeliveryLimit, 2*time.Second
	cfg.RequeueMin, cfg.RequeueMax = 5*time.Millisecond, 20*time.Millisecond
	cfg.ReconnectMin, cfg.ReconnectMax = 10*time.Millisecond, 100*time.Millisecond
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

// open returns a Queue with time enough to drain.
func open(tb testing.TB, cfg rabbitmq.Config) *queue.Queue {
	tb.Helper()
	return queue.New(driver(tb, cfg), patience, logger(tb))
}

func driver(tb testing.TB, cfg rabbitmq.Config) *rabbitmq.Driver {
	tb.Helper()
	d, err := rabbitmq.New(cfg, logger(tb))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := d.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return d
}

func logger(tb testing.TB) *slog.Logger {
	tb.Helper()
	return slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}
