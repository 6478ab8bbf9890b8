package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pb33f/jsonschema/v6"

	"vitrine.dev/internal/bench/report"
)

const docs = "../../../docs"

func figure(name string, value, goal float64, atMost bool) report.Figure {
	return report.Figure{
		Name: name, What: "reads of " + name, Limit: "a bare handler", Ours: report.Quantity{Value: 20, Unit: "µs"},
		Beside: &report.Quantity{Value: 11.44, Unit: "µs"}, Value: value, Goal: goal, AtMost: atMost,
		Rounds: 5, Taken: "2026-11-28", Of: "abc", Cores: 2, Go: "go1.26",
	}
}

func TestShare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		f    report.Figure
		want bool
	}{
		{figure("a", 0.79, 0.8, false), false},
		{figure("a", 0.8, 0.8, false), true},
		{figure("a", 2.2, 2.1, true), false},
		{figure("a", 1.9, 2.1, true), true},
		{figure("a", 0, 8, true), true},
		{figure("a", -1, 8, true), true}, // less than nothing beside what was subtracted
	} {
		if got := c.f.Reached(); got != c.want {
			t.Errorf("%.2f of %.2f, at most: %v: reached is %v", c.f.Value, c.f.Goal, c.f.AtMost, got)
		}
	}
}

func TestQuantity(t *testing.T) {
	t.Parallel()
	for want, q := range map[string]report.Quantity{
		"19.6 µs": {Value: 19.62, Unit: "µs"}, "0.58": {Value: 0.5816}, "1,234,567 /s": {Value: 1234567, Unit: "/s"},
		"999": {Value: 999.4}, "1,000": {Value: 1000}, "-1,234": {Value: -1234}, "0.00 ms": {Unit: "ms"}, "-123": {Value: -123},
	} {
		if got := q.String(); got != want {
			t.Errorf("%+v is written %q, want %q", q, got, want)
		}
	}
}

// TestWrite: a figure that is taken again takes its place, the others stay, and the rest of the page is as it was.
func TestWrite(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	page := "# Benchmarks\n\nbefore\n\n<!-- written by make bench -->\nold\n<!-- end of what make bench writes -->\n\nafter\n"
	write(t, filepath.Join(folder, report.PageFile), page)
	for _, f := range []report.Figure{figure("list", 0.45, 0.75, false), figure("hot", 0.5, 0.8, false), figure("hot", 0.9, 0.8, false)} {
		r, err := report.Read(folder)
		if err != nil {
			t.Fatal(err)
		}
		r.Add(f)
		r.Sort([]string{"hot", "list"})
		if err := r.Write(folder); err != nil {
			t.Fatal(err)
		}
	}
	r, err := report.Read(folder)
	if err != nil || len(r.Figures) != 2 || r.Figures[0].Value != 0.9 || r.Figures[1].Name != "list" {
		t.Fatalf("%+v, %v", r, err)
	}
	got := read(t, filepath.Join(folder, report.PageFile))
	if !strings.HasPrefix(got, "# Benchmarks\n\nbefore\n\n") || !strings.HasSuffix(got, "\n\nafter\n") || strings.Contains(got, "old") {
		t.Errorf("the page is %s", got)
	}
	if !strings.Contains(got, "| reads of hot | a bare handler | 20.0 µs beside 11.4 µs | **0.90** | ≥ 0.80 |  |") {
		t.Errorf("the page is %s", got)
	}
	if want := "hot, list: 5 rounds on 2 cores, go1.26, 2026-11-28, revision abc."; !strings.Contains(got, want) {
		t.Errorf("the page does not say once when all was taken: %s", got)
	}
	checkSchema(t, read(t, filepath.Join(folder, report.DataFile)))
	wellFormed(t, read(t, filepath.Join(folder, report.PictureFile)))
}

// TestNoSection: a page without a section is left alone, and so is all else.
func TestNoSection(t *testing.T) {
	t.Parallel()
	for _, page := range []string{"# Benchmarks\n", "# Benchmarks\n<!-- written by make bench -->\n"} {
		folder := t.TempDir()
		write(t, filepath.Join(folder, report.PageFile), page)
		if err := (report.Report{}).Write(folder); err == nil {
			t.Errorf("%q was written", page)
		}
		if got := read(t, filepath.Join(folder, report.PageFile)); got != page {
			t.Errorf("the page is %q", got)
		}
	}
}

// TestCommitted: the page and the picture of the docs are those of the data, and the data are as its schema says.
func TestCommitted(t *testing.T) {
	t.Parallel()
	r, err := report.Read(docs)
	if err != nil || len(r.Figures) == 0 {
		t.Fatalf("%d figures, %v", len(r.Figures), err)
	}
	checkSchema(t, read(t, filepath.Join(docs, report.DataFile)))
	page := read(t, filepath.Join(docs, report.PageFile))
	want, err := report.Replace([]byte(page), r.Table())
	if err != nil || string(want) != page {
		t.Errorf("the table of the page is not that of the data, %v", err)
	}
	picture, err := r.Picture()
	if err != nil || read(t, filepath.Join(docs, report.PictureFile)) != string(picture) {
		t.Errorf("the picture is not that of the data, %v", err)
	}
}

// TestSchema: the schema refuses what is not a report.
func TestSchema(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{}`, `{"$schema":"benchmarks.schema.json","figures":[{"name":"a"}]}`, `{"$schema":"x","figures":[]}`} {
		if validate(t, text) == nil {
			t.Errorf("%s is valid", text)
		}
	}
}

func checkSchema(t *testing.T, text string) {
	t.Helper()
	if err := validate(t, text); err != nil {
		t.Errorf("the data are not as the schema says: %v", err)
	}
}

func validate(t *testing.T, text string) error {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(docs, "benchmarks.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var data any
	if err := json.Unmarshal([]byte(text), &data); err != nil {
		t.Fatal(err)
	}
	return schema.Validate(data)
}

func wellFormed(t *testing.T, text string) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader([]byte(text)))
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
