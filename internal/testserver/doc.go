// Package testserver gives tests real servers of their own: PostgreSQL (also
// behind PgBouncer), Redis (also a cluster), RabbitMQ, Prometheus and an S3 server
// (versitygw), started from the binaries found on the
// machine, on free loopback ports, with their data in temporary folders. It
// never touches a server that it did not start.
//
// Postgres, Redis, RabbitMQ and S3 hand out an isolated piece of one shared
// set. `go run ./internal/testserver/run -- command` starts that set once for
// the command and every test process below it and passes the addresses in
// VITRINE_TEST_* variables; without it the first test of a process that asks
// starts the server for that process. The Own functions start a server for one
// test alone, which may kill, freeze and restart it.
//
// Every server is a child of a small shell that holds a pipe to the process
// that wanted it. When that process ends, however it ends, the pipe closes and
// the shell stops the server and removes its folder.
//
// Where a binary is missing the test is skipped with one line that says what to
// install; with VITRINE_TEST_REQUIRE=1 it fails instead. With -short every test
// that wants a server is skipped.
//
// A browser is started for one page, and without a server.
//
// More files than usual: one for each kind of server.
package testserver
