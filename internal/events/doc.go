// Package events is the log of what has changed: one row for each change of a
// product or an image, written in the transaction of the change and never
// changed afterwards.
package events
