// Package app wires the parts of Vitrine together: roles, the order of starting
// and stopping, and what the commands need. Only the mains import it.
//
// More files than usual: one for each thing that is opened, run or watched.
package app
