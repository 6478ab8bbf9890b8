// Package inprocess is the queue of a single process. Publish hands the
// message to a handler and returns what came of it, so nothing is ever stored
// here: the outbox row that the relay publishes stays until the work is done,
// and is what survives a crash.
package inprocess
