// Package safehttptest holds what tests of package safehttp and of its users
// need: hosts that must not be connected to, and a network without the internet.
package safehttptest
