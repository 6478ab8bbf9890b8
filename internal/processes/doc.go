// Package processes records which processes of an installation are alive, and
// how many downloads each of them has room for.
package processes
