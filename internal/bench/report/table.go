package report

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// Section is the part of a page that a command writes, between two lines that name the command.
type Section string

func (c Section) begin() string { return "<!-- written by " + string(c) + " -->\n" }
func (c Section) end() string   { return "<!-- end of what " + string(c) + " writes -->\n" }

// Replace puts the text in its section of the page.
func (c Section) Replace(page, text []byte) ([]byte, error) {
	before, rest, found := bytes.Cut(page, []byte(c.begin()))
	if !found {
		return nil, fmt.Errorf("the page has no section for what was measured: %q", c.begin())
	}
	_, after, found := bytes.Cut(rest, []byte(c.end()))
	if !found {
		return nil, fmt.Errorf("the section has no end: %q", c.end())
	}
	return bytes.Join([][]byte{before, []byte(c.begin()), text, []byte(c.end()), after}, nil), nil
}

// ofFigures is the section of the table in PageFile.
const ofFigures = Section("make bench")

// Replace puts the table in its section of the page.
func Replace(page, table []byte) ([]byte, error) { return ofFigures.Replace(page, table) }

// Table is the figures in Markdown.
func (r Report) Table() []byte {
	var b bytes.Buffer
	b.WriteString("\n| what | limit | measured | value | to reach | beside |\n|---|---|---|---|---|---|\n")
	for _, f := range r.Figures {
		measured := f.Ours.String()
		if f.Beside != nil {
			measured += " beside " + f.Beside.String()
		}
		value := Quantity{f.Value, f.Unit}.String()
		if f.Reached() {
			value = "**" + value + "**"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", f.What, f.Limit, measured, value, f.goal(), f.also())
	}
	fmt.Fprintf(&b, "\n%s\n", r.taken())
	for _, f := range r.Figures {
		if f.Beware != "" {
			fmt.Fprintf(&b, "\n%s: %s\n", f.What, f.Beware)
		}
	}
	b.WriteByte('\n')
	return b.Bytes()
}

func (f Figure) goal() string {
	goal := Quantity{f.Goal, f.Unit}.String()
	if f.AtMost {
		return "≤ " + goal
	}
	return "≥ " + goal
}

func (f Figure) also() string {
	list := make([]string, len(f.Also))
	for i, a := range f.Also {
		list[i] = a.Name + " " + a.Ours.String()
		if a.Beside != nil {
			list[i] += " beside " + a.Beside.String()
		}
	}
	return strings.Join(list, "; ")
}

// taken says when, where and of what the figures were taken, once for those that agree.
func (r Report) taken() string {
	var list []string
	for _, f := range r.Figures {
		text := fmt.Sprintf("%d rounds on %d cores, %s, %s, revision %s", f.Rounds, f.Cores, f.Go, f.Taken, f.Of)
		if len(list) > 0 && strings.HasSuffix(list[len(list)-1], ": "+text) {
			last := strings.TrimSuffix(list[len(list)-1], ": "+text)
			list[len(list)-1] = last + ", " + f.Name + ": " + text
			continue
		}
		list = append(list, f.Name+": "+text)
	}
	return "Medians. " + strings.Join(list, ". ") + "."
}

// String writes three digits that count, and thousands with commas.
func (q Quantity) String() string {
	text := strconv.FormatFloat(q.Value, 'f', decimals(q.Value), 64)
	whole, part, has := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if has {
		whole += "." + part
	}
	if q.Unit != "" {
		whole += " " + q.Unit
	}
	return whole
}

func decimals(v float64) int {
	switch {
	case v < 0:
		return decimals(-v)
	case v < 10:
		return 2
	case v < 100:
		return 1
	default:
		return 0
	}
}
