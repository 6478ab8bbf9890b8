// Package png reads, repairs and strips the chunks of PNG files, animated ones too
// (third edition of the specification).
package png
