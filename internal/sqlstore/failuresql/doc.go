// Package failuresql keeps the list of failures: images that are failed, and
// messages that no one could read.
package failuresql
