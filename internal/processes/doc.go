// Package processes records which processes of an installation are alive, and
// how many downloads each of them has room for, and of which images the downloads have ended.
package processes
