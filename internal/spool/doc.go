// Package spool keeps what is downloaded until it is rendered: in memory, and
// beyond a bound that all downloads share on disk. It implements media.Spool.
package spool
