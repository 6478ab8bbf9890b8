// Package systemtest runs the built program in real processes, on real servers,
// for the tests of the whole system: packages e2e, chaos, burst and fair.
package systemtest
