// Package chaos holds Vitrine to its promises while everything around it
// fails: `make chaos` runs two API and two worker processes on private
// PostgreSQL, Redis, RabbitMQ and S3 servers, puts a mixed load on them, with
// imports, readers of events and receivers of webhooks, kills, freezes,
// restarts, cuts off, delays and half-closes each of them at random, and then
// checks what was accepted against what became of it. Everything in it is
// test code. docs/reliability.md says what is checked and how.
package chaos
