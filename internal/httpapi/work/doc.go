// Package work serves what images wait for: the queue, the hosts, one image as
// it is now, and what is wrong. None of its answers comes from the cache: progress that writes no
// event, such as a place in the line, would be old there.
package work
