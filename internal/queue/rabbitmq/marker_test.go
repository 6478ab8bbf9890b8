package rabbitmq_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/installation"
	"vitrine.dev/internal/queue"
	"vitrine.dev/internal/testserver"
)

func id(digit string) func() (string, error) {
	return func() (string, error) { return strings.Repeat(digit, 32), nil }
}

// TestBrokerOfAnotherInstallation takes no message and gives none until it is
// adopted.
func TestBrokerOfAnotherInstallation(t *testing.T) {
	t.Parallel()
	address := testserver.RabbitMQ(t)
	cfg := configOf(t, address)
	cfg.Installation = id("a")
	first := open(t, cfg)
	publish(t, first, queue.Message{ID: "1", Body: []byte("job")})
	cfg.Installation = id("b")
	other := driver(t, cfg)
	for name, err := range map[string]error{
		"publish": other.Publish(t.Context(), queue.Message{ID: "2", Body: []byte("job")}),
		"ping":    other.Ping(t.Context()), "probe": other.Probe(t.Context()),
	} {
		if fault.KindOf(err) != fault.Unavailable || !installation.Refused(err) || !strings.Contains(err.Error(), "installation (aaaaaaaa") {
			t.Errorf("%s: %v, want that it is another's", name, err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	sub := other.Subscribe(ctx, queue.Work, 1)
	eventually(t, "the consumer says why it has no messages", func() bool {
		err := other.Ping(t.Context())
		return installation.Refused(err) && strings.Contains(err.Error(), "consume")
	})
	stop()
	sub.Close()
	if n := waiting(t, address); n != 1 {
		t.Errorf("%d messages wait, want the first's one", n)
	}
	if err := other.Replace(t.Context(), strings.Repeat("b", 32)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is used after the adoption", func() bool { return other.Ping(t.Context()) == nil })
	cfg.Installation = id("a")
	if err := driver(t, cfg).Ping(t.Context()); !installation.Refused(err) {
		t.Errorf("the first installation, after the adoption: %v", err)
	}
}

// TestMarkerIsLookedAtWithEveryConnection: the vhost is another's when the
// connection is made again, or no one's, and is then claimed.
func TestMarkerIsLookedAtWithEveryConnection(t *testing.T) {
	t.Parallel()
	cfg, line, address := proxied(t)
	cfg.Installation = id("a")
	d := driver(t, cfg)
	if err := d.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := func() (err error) {
		line.Restore()
		eventually(t, "there is a connection again", func() bool {
			err = d.Ping(t.Context())
			return err == nil || installation.Refused(err)
		})
		return err
	}
	line.Cut()
	inspect(t, address, func(c *amqp.Channel) error { return c.ExchangeDelete(cfg.QueueName+".installation", false, false) })
	if err := again(); err != nil {
		t.Errorf("no one's: %v", err)
	}
	line.Cut()
	if err := d.Ping(t.Context()); fault.KindOf(err) != fault.Unavailable || installation.Refused(err) {
		t.Errorf("while it cannot be reached: %v", err)
	}
	direct := configOf(t, address)
	if err := driver(t, direct).Replace(t.Context(), strings.Repeat("b", 32)); err != nil {
		t.Fatal(err)
	}
	if err := again(); !installation.Refused(err) {
		t.Errorf("another's: %v", err)
	}
}

// TestClaimAtOnce: one of many gets the vhost.
func TestClaimAtOnce(t *testing.T) {
	t.Parallel()
	address := testserver.RabbitMQ(t)
	var group sync.WaitGroup
	errs := make(chan error, 4)
	for digit := range strings.SplitSeq("abcd", "") {
		cfg := configOf(t, address)
		cfg.Installation = id(digit)
		d := driver(t, cfg)
		group.Go(func() { errs <- d.Ping(t.Context()) })
	}
	group.Wait()
	owners := 0
	for range cap(errs) {
		switch err := <-errs; {
		case err == nil:
			owners++
		case !installation.Refused(err):
			t.Error(err)
		}
	}
	if owners != 1 {
		t.Errorf("%d installations have the vhost", owners)
	}
}
