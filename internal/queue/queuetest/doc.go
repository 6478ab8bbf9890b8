// Package queuetest holds the tests that every adapter of package queue passes.
// They treat the queue as the relay does: a message whose Publish has failed is
// published again.
package queuetest
