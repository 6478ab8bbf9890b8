package rabbitmq_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"os"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/queue"
	"vitrine.dev/internal/queue/rabbitmq"
	"vitrine.dev/internal/testserver"
)

// trusting trusts the authority and no other.
func trusting(t *testing.T, c testserver.Certificates) *tls.Config {
	t.Helper()
	text, err := os.ReadFile(c.CA)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}
}

// TestTLS: a message goes through a broker whose certificate is trusted; with
// any other the queue is unavailable, and says why.
func TestTLS(t *testing.T) {
	t.Parallel()
	certificates := testserver.NewCertificates(t)
	server := testserver.OwnRabbitMQTLS(t, certificates)
	cfg := configOf(t, server.URL())
	cfg.TLS = trusting(t, certificates)
	q := open(t, cfg)
	publish(t, q, queue.Message{ID: "1", Body: []byte("secured")}) // the TLS listener is the last to open
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	arrived := ""
	err := q.Consume(ctx, 1, func(_ context.Context, m queue.Message) error {
		arrived = string(m.Body)
		stop()
		return nil
	})
	if err != nil || arrived != "secured" {
		t.Fatalf("%q arrived, %v", arrived, err)
	}

	for name, c := range map[string]struct {
		change func(*rabbitmq.Config)
		cause  string
	}{
		"another authority": {func(c *rabbitmq.Config) { c.TLS = trusting(t, testserver.NewCertificates(t)) }, "certificate"},
		"the system's":      {func(c *rabbitmq.Config) { c.TLS = &tls.Config{MinVersion: tls.VersionTLS12} }, "certificate"},
		"another name":      {func(c *rabbitmq.Config) { c.TLS = trusting(t, certificates); c.TLS.ServerName = "mq.example" }, "mq.example"},
		"none":              {func(c *rabbitmq.Config) { c.TLS = nil }, ""},
		"a wrong password":  {func(c *rabbitmq.Config) { c.Password = "hunter2" }, "403"},
	} {
		other := cfg
		c.change(&other)
		other.DialTimeout = 5 * time.Second
		err := open(t, other).Ping(t.Context())
		if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), c.cause) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
