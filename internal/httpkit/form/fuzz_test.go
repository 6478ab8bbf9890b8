package form

import (
	"encoding/json"
	"testing"
)

// FuzzEntries compares with encoding/json.
func FuzzEntries(f *testing.F) {
	for _, s := range []string{`[]`, ` [ ] `, `[1]`, `["a,]\"\\",[1,[2]],{"b":[","]}]`, `[null,true,-1.5e3 , "\u005d"]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var want []json.RawMessage
		if !json.Valid(raw) || json.Unmarshal(raw, &want) != nil || want == nil {
			return
		}
		got, count := Entries(&Object{}, "list", "values", 3, raw)
		if count != len(want) || len(got) != min(count, 3) {
			t.Fatalf("%s has %d entries, read %d of %d", raw, len(want), len(got), count)
		}
		for i := range got {
			if string(got[i]) != string(want[i]) {
				t.Errorf("entry %d is %s, want %s", i, got[i], want[i])
			}
		}
	})
}
