// Package sqlstore keeps products, images, renditions and the outbox on
// PostgreSQL or SQLite: it implements the stores of catalog, media and outbox
// on database/sql with one set of statements and a small dialect for what
// differs. It holds no rules; those are in the domain.
//
// Locks are taken in one order, a product before its images before the outbox,
// so that changes, deletions and completions of one product cannot deadlock.
package sqlstore
