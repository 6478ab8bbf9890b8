package line

import (
	"strings"

	"vitrine.dev/internal/catalog"
)

// Completion is how the part of a line that is being typed can go on.
type Completion struct {
	Start, End int      // what is replaced, in bytes
	Key        Key      // whose value is typed; "" where a key or a word is
	Typed      string   // of the value, or of the key
	Texts      []string // what may stand there; for Host and User the caller knows
}

// Suggest completes the part that ends at, or goes on behind, the byte of the line.
func Suggest(s string, at int) Completion {
	at = min(max(at, 0), len(s))
	c := Completion{Start: at, End: at}
	for _, p := range split(s[:at]) {
		if p.end == at && !endsWithSpace(s[:at]) {
			c.Start, c.Typed = p.start, p.value
			if p.key != "" {
				c.Key, c.Start = Key(p.key), p.valueAt
			}
		}
	}
	var texts []string
	switch c.Key {
	case "":
		for _, k := range Keys() {
			texts = append(texts, string(k)+":")
		}
	case Status:
		for _, status := range catalog.ImageStatuses() {
			texts = append(texts, string(status))
		}
	default:
	}
	for _, text := range texts {
		if strings.HasPrefix(text, c.Typed) {
			c.Texts = append(c.Texts, text)
		}
	}
	return c
}

func endsWithSpace(s string) bool { return strings.TrimRight(s, " \t\r\n") != s }

// Complete returns the line with the text in the place of what is typed, and where it ends.
func (c Completion) Complete(s, text string) (line string, at int) {
	if c.Key != "" {
		text = quote(text)
	}
	return s[:c.Start] + text + s[c.End:], c.Start + len(text)
}
