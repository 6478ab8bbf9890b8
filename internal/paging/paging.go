// Package paging reads the pages of lists.
package paging

import (
	"strconv"

	"vitrine.dev/internal/fault"
)

// Most lists have pages of so many entries by default, and of so many at most.
const (
	Default = 100
	Most    = 1000
)

// Read returns at most limit entries of a list, 0 standing for byDefault, and whether there are more:
// it reads one more than that. fault.Invalid where limit is not from 0 to most; errors of read.
func Read[T any](limit, byDefault, most int, read func(limit int) ([]T, error)) (list []T, more bool, err error) {
	if limit == 0 {
		limit = byDefault
	}
	if limit < 1 || limit > most {
		return nil, false, fault.InvalidParameter("limit", "must be an integer from 1 to "+strconv.Itoa(most))
	}
	list, err = read(limit + 1)
	return list[:min(len(list), limit)], len(list) > limit, err
}
