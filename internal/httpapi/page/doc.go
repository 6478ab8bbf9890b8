// Package page has what the lists of the API have in common: the cursors that lead from one
// page to the next.
package page
