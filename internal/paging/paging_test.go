package paging_test

import (
	"errors"
	"slices"
	"testing"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/paging"
)

func TestRead(t *testing.T) {
	t.Parallel()
	failure := errors.New("down")
	for name, tt := range map[string]struct {
		limit, entries int
		err            error
		want           int // entries of the page
		more           bool
	}{
		"by default":     {0, 9, nil, 3, true},
		"all":            {5, 4, nil, 4, false},
		"exactly all":    {4, 4, nil, 4, false},
		"one more":       {4, 5, nil, 4, true},
		"none":           {1, 0, nil, 0, false},
		"as many as can": {7, 9, nil, 7, true},
		"an error":       {2, 0, failure, 0, false},
	} {
		list, more, err := paging.Read(tt.limit, 3, 7, func(limit int) ([]int, error) {
			return slices.Repeat([]int{1}, min(limit, tt.entries)), tt.err
		})
		if len(list) != tt.want || more != tt.more || !errors.Is(err, tt.err) {
			t.Errorf("%s: %d entries, more %v, %v", name, len(list), more, err)
		}
	}
	for _, limit := range []int{-1, 8} {
		_, _, err := paging.Read(limit, 3, 7, func(int) ([]int, error) {
			t.Errorf("limit %d is read with", limit)
			return nil, nil
		})
		bad, ok := errors.AsType[*fault.Error](err)
		if want := (fault.FieldErrors{{Name: "limit", Reason: "must be an integer from 1 to 7", Where: fault.Parameter()}}); !ok || !slices.Equal(bad.Fields, want) {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}
