//go:build race

package httpapi_test

// forgotten is how many allocations more a request may have with the race detector, which has pools forget
// a part of what they are given: https://pkg.go.dev/sync#Pool
const forgotten = 4
