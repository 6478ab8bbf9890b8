// Package webhooksql keeps the endpoints of users, how far each has read the log of events,
// and what is delivered to them.
package webhooksql
