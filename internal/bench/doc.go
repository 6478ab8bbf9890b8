// Package bench measures the program side by side with the limit of what it does: the least
// that the same work costs, in the same run, by turns, on cores of their own. `make bench` runs
// it and prints the figures. Everything in it is test code.
package bench
