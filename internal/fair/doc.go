// Package fair measures how long another user's small picture takes beside hosts that
// hang or are slow, heavy pictures, a large import and URLs that fail, and what
// fairness costs an import that is alone: `make fair` runs each row embedded, and on
// one API and two workers with private PostgreSQL, Redis, RabbitMQ and S3 servers.
// Everything in it is test code.
package fair
