// Package e2e tests the whole path through real processes in three shapes: one
// embedded process, two processes over one embedded directory, and API and
// workers on the real servers. It has no code but tests.
package e2e
