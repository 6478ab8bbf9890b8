// Package growth measures whether an operation costs the same with ten thousand and with ten million products,
// after an hour of creates and deletes, and with one, two and four processes. `make bench-growth` runs it, on
// private servers, and writes its sections of docs/scaling.md. Everything in it is test code.
package growth
