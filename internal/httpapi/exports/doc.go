// Package exports serves all products of a user as one file.
package exports
