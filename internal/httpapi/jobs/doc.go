// Package jobs serves background jobs, whatever they do: the request that makes one, how far it has got,
// and its end.
package jobs
