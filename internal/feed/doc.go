// Package feed shows clients the log of events: in pages, which can wait for more, and as
// streams. All of a process read it once, as far as its end is in memory.
package feed
