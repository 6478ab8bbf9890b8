// Package app wires the parts of Vitrine together: roles, the order of starting
// and stopping, and what the commands need. Only the mains import it.
package app
