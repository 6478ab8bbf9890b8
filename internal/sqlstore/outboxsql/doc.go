// Package outboxsql keeps the messages of the outbox: what transactions leave to
// be delivered, in an order that is fair to users.
package outboxsql
