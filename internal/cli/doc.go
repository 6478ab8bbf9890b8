// Package cli is the command line: it parses flags, runs the commands and
// prints. What a command needs of the database and the other parts it gets from
// Program; dead letters go through the API of a running server.
package cli
