package rabbitmq_test

import (
	"context"
	"strings"
	"testing"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/queue"
	"vitrine.dev/internal/testserver"
)

// TestRights takes from the user what publishing or consuming needs: the check
// that concerns it says so with the broker's words, everything that fails is
// unavailable, and goes on by itself once the right is given.
func TestRights(t *testing.T) {
	t.Parallel()
	const all, none = ".*", "^$"
	for name, c := range map[string]struct {
		configure, write, read string
		ping, probe            bool // succeed
	}{
		"no right at all":              {none, none, none, false, false},
		"may not declare":              {none, all, all, false, false},
		"may not bind":                 {all, none, all, false, false},
		"may not publish":              {all, "^vitrine.*", all, true, false},
		"may not read":                 {all, all, "^vitrine.*dlx$", false, false},
		"may do what the docs ask for": {"^vitrine[.].*", "^(vitrine[.].*|amq[.]default)$", "^vitrine[.].*", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			limited := testserver.RabbitMQUserOf(t, testserver.RabbitMQ(t), c.configure, c.write, c.read)
			q := open(t, configOf(t, limited))
			handled := make(chan string, 1)
			consume(t, q, 1, func(_ context.Context, m queue.Message) error {
				handled <- m.ID
				return nil
			})
			for what, check := range map[string]struct {
				do   func(context.Context) error
				want bool
			}{
				"ping":    {q.Ping, c.ping},
				"probe":   {q.Probe, c.probe},
				"publish": {func(ctx context.Context) error { return q.Publish(ctx, queue.Message{ID: "m"}) }, c.probe},
			} {
				var err error
				eventually(t, what+" to say what is so", func() bool { // the consumer takes a moment
					err = check.do(t.Context())
					return (err == nil) == check.want
				})
				if err != nil && (fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "ACCESS_REFUSED")) {
					t.Errorf("%s: %v of kind %s", what, err, fault.KindOf(err))
				}
			}
			testserver.Permit(t, limited, all, all, all)
			eventually(t, "all of it to succeed", func() bool { return q.Ping(t.Context()) == nil && q.Probe(t.Context()) == nil })
			publish(t, q, queue.Message{ID: "m"})
			receive(t, handled, "a message")
		})
	}
}
