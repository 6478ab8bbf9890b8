// Package backoff holds the arithmetic of waiting before another attempt:
// exponential growth, jitter and a sleep that ends with its context. Bounds and
// the decision to try again are the caller's.
package backoff
