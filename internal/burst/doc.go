// Package burst measures what failing hosts cost the others: `make burst` runs
// one API and two worker processes on private PostgreSQL, Redis, RabbitMQ and
// S3 servers, and sends the same good images through them twice, once among
// images of hosts that refuse, hang, answer 5xx or break off, and once alone.
// Everything in it is test code.
package burst
