// Package queuetest holds the tests that every driver of package queue passes,
// under a Queue. They treat it as the dispatcher does: a message whose Publish has
// failed is published again.
package queuetest
