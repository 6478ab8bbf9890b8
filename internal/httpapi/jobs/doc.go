// Package jobs serves the background jobs that replay or discard many dead
// letters.
package jobs
