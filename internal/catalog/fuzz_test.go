package catalog

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzDraft: a draft without faults is within every limit, and its fingerprint
// is that of no neighbour.
func FuzzDraft(f *testing.F) {
	f.Add(int64(1), "Lamp", "Bright", "https://a/1", "https://a/2", int64(950))
	f.Add(int64(0), "", "\x00", "", "x", int64(-1))
	f.Add(MaxID, "é", "\xff", "http://a", "http://a", int64(MaxPrice))
	f.Fuzz(func(t *testing.T, user int64, name, description, first, second string, price int64) {
		d := Draft{UserID: user, Name: name, Description: description, Images: []string{first, second}, Price: Price(price)}
		bad := d.check()
		seen := map[string]bool{}
		for _, fault := range bad {
			if fault.Name == "" || fault.Reason == "" || seen[fault.Name] {
				t.Errorf("faults %+v", bad)
			}
			seen[fault.Name] = true
		}
		if len(bad) == 0 && (user < 1 || user > MaxID || strings.TrimSpace(name) == "" || utf8.RuneCountInString(name) > MaxNameRunes ||
			utf8.RuneCountInString(description) > MaxDescriptionRunes || price < 0 || Price(price) > MaxPrice ||
			strings.ContainsRune(name+description, 0) || !utf8.ValidString(name+description)) {
			t.Errorf("accepted %+v", d)
		}
		moved := d
		moved.Name, moved.Description = name+description, ""
		joined := d
		joined.Images = []string{first + second}
		if d.fingerprint() == joined.fingerprint() || description != "" && d.fingerprint() == moved.fingerprint() {
			t.Errorf("two drafts have the fingerprint of %+v", d)
		}
	})
}
