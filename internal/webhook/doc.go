// Package webhook delivers events to the endpoints of users, to the letter of Standard
// Webhooks 1.0 (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
//
// An endpoint is a durable reader of the log of events. What is kept of it is how far it has
// read, the ids up to there that are not recorded yet, and a row for each event that is tried
// again or has failed; a Runner sends, in one process at a time. Position and rows are written
// in one transaction after the answer, so that a crash repeats events, with the same
// webhook-id, and loses none. No order is promised.
package webhook
