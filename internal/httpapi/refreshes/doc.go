// Package refreshes serves the background jobs that have many ready images fetched again.
package refreshes
