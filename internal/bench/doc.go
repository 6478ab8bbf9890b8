// Package bench measures the program side by side with the limit of what it does: the least
// that the same work costs, in the same run, by turns, on the same cores. `make bench` runs
// it and writes its section of docs/benchmarks.md, with a plot and the figures as JSON.
// Everything in it is test code.
package bench
