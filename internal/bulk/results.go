package bulk

import (
	"encoding/json"
	"fmt"

	"vitrine.dev/internal/catalog"
)

// kept is a Result as it is kept under a key, with what has to be announced of it.
type kept struct {
	Result

	Changed catalog.Changed `json:"changed,omitzero"`
}

// outcomes are the results of what was written.
func outcomes(written []catalog.Written) []Result {
	list := make([]Result, len(written))
	for i, w := range written {
		if w.Err != nil {
			list[i] = rejected(w.Err)
			continue
		}
		list[i] = Result{Outcome: w.Outcome, ProductID: w.ProductID}
		if w.Outcome != catalog.Unchanged {
			list[i].changed = w.Changed
		}
	}
	return list
}

func encode(written []catalog.Written) (string, error) {
	all := make([]kept, len(written))
	for i, r := range outcomes(written) {
		all[i] = kept{Result: r, Changed: r.changed}
	}
	text, err := json.Marshal(all)
	if err != nil {
		return "", fmt.Errorf("encode results: %w", err)
	}
	return string(text), nil
}

// decode reads what encode has written of so many rows.
func decode(text string, n int) ([]Result, error) {
	var all []kept
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		return nil, fmt.Errorf("decode results: %w", err)
	}
	if len(all) != n { // of another order, whose fingerprint would differ
		return nil, fmt.Errorf("the results are of %d rows, not of %d", len(all), n)
	}
	list := make([]Result, n)
	for i, k := range all {
		list[i] = k.Result
		list[i].changed = k.Changed
	}
	return list, nil
}
