// Package inprocess is the queue of a single process. Publish gives the message
// to a handler and returns the handler's error, so nothing is ever stored here:
// the outbox row that the relay publishes stays until the work is done, and is
// what survives a crash.
package inprocess
