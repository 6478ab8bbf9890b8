// Package findingsql reads what findings are made of beside the queue and the failures:
// findings.Store.
package findingsql
