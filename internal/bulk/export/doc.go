// Package export reads all products of a user for a file: page after page, each in a
// transaction of its own, so that nothing is held while the file is written. Each product is
// as it was at one moment; the file is of no one moment. It says which events follow, so
// that who reads those, too, has all.
package export
