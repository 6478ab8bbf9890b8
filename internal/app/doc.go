// Package app wires the parts of Vitrine together: roles, the order of starting
// and stopping, and what the commands need. Only the mains import it.
//
// More files than usual: each wires one part, or what one command needs.
package app
