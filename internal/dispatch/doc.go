// Package dispatch decides which images are worked on next and hands their jobs
// to the queue. An image's row is its job: there is no other record of the work.
// Each step looks at what is due, what is in line and what is out, decides
// (Decide), and writes the decision; the jobs are published after its commit.
package dispatch
