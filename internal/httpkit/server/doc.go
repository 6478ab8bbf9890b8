// Package server serves the routes of an API and what surrounds each of them:
// request id, parameters, time and memory limits, error answers, access log,
// recovery from panics, and what becomes of bodies that no one has read.
package server
