// Package signing makes texts that only this installation can have made: a message with
// its message authentication code. The secret is one for the whole installation; each
// purpose has a key of its own, which is derived from it.
package signing
