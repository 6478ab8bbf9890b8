// Package gcsql keeps what the collector of files asks and writes: which
// renditions no image refers to, and the windows in which their files are deleted.
package gcsql
