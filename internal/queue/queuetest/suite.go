package queuetest

import (
	"testing"

	"vitrine.dev/internal/queue"
)

// Capabilities declare where drivers differ within what the port allows. Each
// selects which of two meanings is tested; nothing is skipped.
type Capabilities struct {
	// Stores: a message that was published waits in a broker, for consumers
	// that come later and for other Queues. Otherwise Publish lasts until the
	// handler has acknowledged it or returned, and its error is the handler's.
	Stores bool
	// CountsDeliveries: a message that keeps failing is dead-lettered by the
	// driver after DeliveryLimit. Otherwise that is the caller's to decide.
	CountsDeliveries bool
}

// DeliveryLimit is what the drivers under test are configured with.
const DeliveryLimit = 20

// Broker opens drivers that share their messages: on one broker and vhost, or
// the same driver each time where there is no broker.
type Broker func(t *testing.T) queue.Driver

// Run tests a driver under a Queue. newBroker is called once for each test; what
// it opens is empty, and closed by its own clean-up.
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
		"SlowHoldsUpNoOne":    testSlowHoldsUpNoOne,
		"Acknowledged":        testAcknowledged,
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
