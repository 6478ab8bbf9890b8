// Package failures serves the list of failed images and messages, which the API
// calls dead letters, and their replay and discard.
package failures
