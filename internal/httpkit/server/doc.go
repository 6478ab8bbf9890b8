// Package server serves the routes of an API with the middleware of each: request
// id, parameters, limits of time and memory, error answers, access log, recovery
// from panics, and the drain of unread bodies.
package server
