// Package filtered has what background jobs over all that a filter selects have in common: the request
// that makes one, what the job keeps of it, and who may read and end it.
package filtered
