// Package form reads the JSON object of a request field by field, so that every
// field that is wrong is found at once, each with a reason that names it.
package form
