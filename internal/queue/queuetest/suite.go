package queuetest

import (
	"testing"
	"time"

	"vitrine.dev/internal/queue"
)

// Capabilities declare where adapters differ within what the port allows. Each
// selects which of two meanings is tested; nothing is skipped.
type Capabilities struct {
	// Stores: a message that was published waits in a broker, for consumers
	// that come later and for other Queues. Otherwise Publish lasts until the
	// handler has returned, and its error is the handler's.
	Stores bool
	// CountsDeliveries: a message that keeps failing is dead-lettered by the
	// adapter after DeliveryLimit. Otherwise that is the caller's to decide.
	CountsDeliveries bool
}

// DeliveryLimit is what the Queues under test are configured with.
const DeliveryLimit = 20

// Settings is how a Queue under test is to be configured.
type Settings struct {
	DrainTimeout time.Duration
}

// Broker opens Queues that share their messages: on one broker and vhost, or
// the same Queue each time where there is no broker.
type Broker func(t *testing.T, s Settings) queue.Queue

// Run tests an adapter. newBroker is called once for each test; what it opens
// is empty, and closed by its own clean-up.
func Run(t *testing.T, can Capabilities, newBroker func(t *testing.T) Broker) {
	t.Helper()
	for name, test := range map[string]func(*bench){
		"Carries":             testCarries,
		"FailureKeeps":        testFailureKeeps,
		"PanicKeeps":          testPanicKeeps,
		"Rejected":            testRejected,
		"DeadFailureKeeps":    testDeadFailureKeeps,
		"DeadRejected":        testDeadRejected,
		"Repeated":            testRepeated,
		"Confirmed":           testConfirmed,
		"Concurrency":         testConcurrency,
		"SlowHoldsUpNobody":   testSlowHoldsUpNobody,
		"ManyConsumers":       testManyConsumers,
		"Drain":               testDrain,
		"DrainTimeout":        testDrainTimeout,
		"NextConsumer":        testNextConsumer,
		"PublishCancelled":    testPublishCancelled,
		"ConsumeWithoutSlots": testConsumeWithoutSlots,
		"ConsumeAlreadyDone":  testConsumeAlreadyDone,
		"Closed":              testClosed,
		"Depth":               testDepth,
		"Probe":               testProbe,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(&bench{t: t, can: can, open: newBroker(t)})
		})
	}
}
