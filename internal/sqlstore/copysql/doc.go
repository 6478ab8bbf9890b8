// Package copysql copies all rows of one database into another one of the same
// schema, PostgreSQL or SQLite. It names no table and no column: they are those of
// an empty SQLite database that the migrations have just made.
package copysql
