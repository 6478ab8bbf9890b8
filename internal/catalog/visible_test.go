package catalog

import (
	"testing"

	"vitrine.dev/internal/text"
)

func TestVisible(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", " \t\n", "\u3000\u2003\u00a0\u1680\u205f", "\u200b", "\ufeff", "\u00ad", "\u200e\u202e\u2066", "\u200d\ufe0f", "\u180e",
		"\u115f\u1160\u3164\uffa0", "\u2800", "\u0301\u0302", "\u20dd", "\u093e", "\u034f", "\u17b4\u17b5", "\u2060\u2064\u206a",
		"\U000e0041\U000e007f", "\U000e0100", "\U0001d173", "\U0001d159", "\U00013441", "\x00\x7f\u0085", "\uffff", "\ufff9\ufffb", "\u2028\u2029",
	} {
		if text.NameFault(s, MaxNameRunes) == "" {
			t.Errorf("%+q has a visible character", s)
		}
		d := goodDraft()
		d.Name = s
		if bad := d.check(); len(bad) != 1 || bad[0].Name != FieldName || bad[0].Reason != "must not be empty" {
			t.Errorf("a name of %+q: %v", s, bad)
		}
		if err := (Patch{Name: &s}).check(); err == nil {
			t.Errorf("a product may be renamed to %+q", s)
		}
	}
	for _, s := range []string{
		"a", "\u200ba\u200b", "é", "e\u0301", "한", "ㄱ", "日", "-", ".", "€", "😀", "👩\u200d🔧", "\u0600", "\ue000", "\ufffd", "\u0915\u093e", "\u2801", "\U0003fff0",
	} {
		if text.NameFault(s, MaxNameRunes) != "" {
			t.Errorf("%+q has no visible character", s)
		}
	}
}
