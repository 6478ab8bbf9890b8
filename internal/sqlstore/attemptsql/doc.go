// Package attemptsql keeps the attempts at images: rows of those that were retried or
// failed, and events of the others.
package attemptsql
