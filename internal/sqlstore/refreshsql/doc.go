// Package refreshsql selects ready images that are to be fetched again, for the jobs that
// do so.
package refreshsql
