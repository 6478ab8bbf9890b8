// Package cli is the command line: it parses flags, runs the commands and
// prints. What a command needs of the database and the other parts it gets from
// Program; dead letters and what images wait for go through the API of a running
// server.
//
// More files than usual: each is a command, or what several print.
package cli
