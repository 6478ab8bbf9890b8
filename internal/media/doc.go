// Package media is what happens to one image between the queue and its
// published results: the job and its steps, the retry policy, and the ports
// that it needs. docs/image-states.md draws the states.
//
// More files than usual: each is one thing that a worker does or waits for.
package media
