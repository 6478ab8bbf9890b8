// Package sqlstore is the store of the whole program on PostgreSQL or SQLite: one
// Store embeds the packages below it, each of which keeps one thing with one set
// of statements and leaves what differs to sqldb. They hold no rules; those are in
// the domain.
//
// Locks are taken in one order, a product before its images before its events,
// so that changes, deletions and completions of one product cannot deadlock.
package sqlstore
