// Package refresh has many ready images fetched again, as a background job over all that a
// filter selects. One image is catalog's.
package refresh
