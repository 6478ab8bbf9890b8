// Package inprocess is the queue of a single process. Publish gives the message
// to a handler and returns once that has acknowledged it, or the handler's error, so
// nothing is ever stored here: what is published is out in the database until the
// work is done, and that is what survives a crash.
package inprocess
