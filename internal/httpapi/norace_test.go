//go:build !race

package httpapi_test

// forgotten is how many allocations more a request may have: see the one with the race detector.
const forgotten = 0
