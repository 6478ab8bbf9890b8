// Package backoff holds the arithmetic of waiting before another attempt:
// exponential growth, jitter, a sleep that ends with its context, and what is
// logged of a row of failures. Bounds and the decision to try again are the caller's.
package backoff
