// Package schedule decides which picture is rendered next: it knows neither
// pictures nor processes, only who waits, for how much memory, and who has what.
package schedule
