package line_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/line"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]line.Line{
		"": {}, "  \t ": {},
		`status:failed host:Example.COM:8443 user:7 price:10..20 external:SKU "red shoe"`: {
			Status: catalog.Failed, Host: "example.com:8443", User: 7, PriceMin: new(catalog.Price(1000)), PriceMax: new(catalog.Price(2000)), External: "SKU", Words: "red shoe",
		},
		"red  shoe":                     {Words: "red shoe"},
		`"red  shoe" blue`:              {Words: "red  shoe blue"},
		"price:9.99":                    {PriceMin: new(catalog.Price(999)), PriceMax: new(catalog.Price(999))},
		"price:..5":                     {PriceMax: new(catalog.Price(500))},
		"price:0..":                     {PriceMin: new(catalog.Price(0))},
		`external:"SKU 1:\"a\\b\""`:     {External: `SKU 1:"a\b"`},
		`external:a"b c"d`:              {External: "ab cd"},
		`"status:failed"`:               {Words: "status:failed"},
		"host:bücher.example schön":     {Host: "bücher.example", Words: "schön"},
		"\u00a0shoe\u2003status:ready ": {Status: catalog.Ready, Words: "shoe"},
	} {
		got, faults := line.Parse(text)
		if len(faults) != 0 || !reflect.DeepEqual(got, want) {
			t.Errorf("%q is read as %+v, %v", text, got, faults)
		}
	}
}

// TestFaults: each fault has its place and a reason, and the other parts are read.
func TestFaults(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"status:broken":         {"status:broken|status must be one of pending, ready, failed"},
		"shoe price:cheap":      {"price:cheap|price must be a price or a range"},
		"price:20..10":          {"price:20..10|price must be a range that begins with the lower price"},
		"price:..":              {"price:..|price must be a price"},
		"price:-1":              {"price:-1|price must be a price"},
		"user:0":                {"user:0|user must be"},
		"user:9007199254740992": {"user:9007199254740992|user must be"},
		"user:1 user:2":         {"user:2|user is there twice"},
		"colour:red":            {`colour:red|there is no "colour" to look for`},
		"https://a.example/":    {`https://a.example/|there is no "https"`},
		`shoe "red`:             {`"red|a quote is not closed`},
		":red":                  {":red|there is nothing before the colon"},
		`""`:                    {`""|there is nothing between the quotes`},
		"host: user:x":          {"host:|host must be", "user:x|user must be"},
		"external:":             {"external:|external must be"},
		"\xff":                  {"\xff|it is no valid text"},
		strings.Repeat("x", line.MaxBytes) + "yz": {"yz|must have at most"},
	} {
		_, faults := line.Parse(text)
		if len(faults) != len(want) {
			t.Errorf("%q has %v, want %v", text, faults, want)
			continue
		}
		for i, f := range faults {
			if got := text[f.Start:f.End] + "|" + f.Reason; !strings.HasPrefix(got, want[i]) {
				t.Errorf("%q has %q, want %q", text, got, want[i])
			}
		}
	}
	if got, faults := line.Parse("status:failed price:x shoe"); got.Status != catalog.Failed || got.Words != "shoe" || len(faults) != 1 || faults[0].Error() == "" {
		t.Errorf("beside a fault %+v is read, %v", got, faults)
	}
}

// FuzzLine: what is read is written so that it is read again; a fault is within the line; and
// a completion can be put in its place.
func FuzzLine(f *testing.F) {
	for _, s := range []string{`status:failed host:x user:7 price:10..20 external:"SKU 1" "red shoe"`, `a"b`, `x:"\"`, `\ "\\"`, "price:1..", `"a" :b`, "\u2003:"} {
		f.Add(s, len(s)/2)
	}
	f.Fuzz(func(t *testing.T, s string, at int) {
		l, faults := line.Parse(s)
		for _, fault := range faults {
			if fault.Start < 0 || fault.Start > fault.End || fault.End > len(s) || fault.Reason == "" {
				t.Errorf("%q has %+v", s, fault)
			}
		}
		again, faults := line.Parse(l.String())
		if len(l.String()) <= line.MaxBytes && (len(faults) != 0 || !reflect.DeepEqual(again, l)) {
			t.Errorf("%q is %+v, written %q, and read as %+v, %v", s, l, l.String(), again, faults)
		}
		c := line.Suggest(s, at)
		if c.Start < 0 || c.Start > c.End || c.End > len(s) {
			t.Fatalf("%q at %d is completed with %+v", s, at, c)
		}
		for _, text := range c.Texts {
			if done, end := c.Complete(s, text); end > len(done) || utf8.ValidString(s) && !utf8.ValidString(done) && at >= 0 && at <= len(s) && utf8.ValidString(s[:at]) {
				t.Errorf("%q at %d is completed as %q, %d", s, at, done, end)
			}
		}
	})
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]line.Completion{
		"":                  {Texts: []string{"status:", "host:", "user:", "price:", "external:"}},
		"shoe ":             {Start: 5, End: 5, Texts: []string{"status:", "host:", "user:", "price:", "external:"}},
		"shoe st":           {Start: 5, End: 7, Typed: "st", Texts: []string{"status:"}},
		"status:":           {Start: 7, End: 7, Key: line.Status, Texts: []string{"pending", "ready", "failed"}},
		"user:7 status:fa":  {Start: 14, End: 16, Key: line.Status, Typed: "fa", Texts: []string{"failed"}},
		"host:exam":         {Start: 5, End: 9, Key: line.Host, Typed: "exam"},
		"status:failed red": {Start: 14, End: 17, Typed: "red"},
	} {
		got := line.Suggest(text, len(text))
		if !slices.Equal(got.Texts, want.Texts) || got.Start != want.Start || got.End != want.End || got.Key != want.Key || got.Typed != want.Typed {
			t.Errorf("%q is completed with %+v, want %+v", text, got, want)
		}
	}
	if got, at := line.Suggest("host:ex shoe", 7).Complete("host:ex shoe", "example.com:80"); got != `host:"example.com:80" shoe` || at != 21 {
		t.Errorf("completed is %q, %d", got, at)
	}
}
