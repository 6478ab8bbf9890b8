// Package sqldb is the engine below the stores: it opens PostgreSQL or SQLite,
// completes statements for whichever it is, runs transactions again that the
// database broke off, translates drivers' errors into kinds of fault once,
// notifies of commits, and migrates. It knows no product: tables, migrations and
// what a broken rule means come with a Schema.
//
// More files than usual: one for each thing that a database is asked for, or that differs between the two.
package sqldb
