package rows_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/fault"
)

// read reads the whole file, once as one and once from behind each of its rows.
func read(t *testing.T, text string, format rows.Format) []string {
	t.Helper()
	head, err := rows.ReadHead(strings.NewReader(text), format)
	if err != nil {
		t.Fatalf("the head: %v", err)
	}
	list, ends := rest(t, text, head, head.First)
	for i, at := range ends {
		if again, _ := rest(t, text, head, at); !slices.Equal(again, list[i+1:]) {
			t.Errorf("from behind row %d:\n%q\nnot\n%q", i, again, list[i+1:])
		}
	}
	return list
}

func rest(t *testing.T, text string, head rows.Head, at rows.Position) (list []string, ends []rows.Position) {
	t.Helper()
	r := rows.NewReader(iotest.HalfReader(strings.NewReader(text[at.Offset:])), head, at)
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return list, ends
		}
		if err != nil {
			t.Fatal(err)
		}
		var shown strings.Builder
		fmt.Fprintf(&shown, "%d %s", row.Line, row.Object)
		for _, f := range row.Faults {
			shown.WriteString(f.Name + " " + f.Reason)
		}
		list, ends = append(list, shown.String()), append(ends, row.Next)
	}
}

func TestRows(t *testing.T) {
	t.Parallel()
	const lamp = `{"external_id":"1","product_name":"Lamp"}`
	for name, c := range map[string]struct {
		text   string
		format rows.Format
		want   []string
	}{
		"comma":         {"external_id,product_name\r\n1,Lamp\r\n", rows.CSV, []string{"2 " + lamp}},
		"semicolon":     {"external_id;product_name\n1;Lamp\n", rows.CSV, []string{"2 " + lamp}},
		"tab":           {"external_id\tproduct_name\n1\tLamp", rows.CSV, []string{"2 " + lamp}},
		"mark":          {"\uFEFFexternal_id,product_name\n1,Lamp\n", rows.CSV, []string{"2 " + lamp}},
		"quoted header": {"\"external_id\", product_name \n1,Lamp\n", rows.CSV, []string{"2 " + lamp}},
		"one column":    {"product_name\n\"a;b,c\"\n", rows.CSV, []string{`2 {"product_name":"a;b,c"}`}},
		"quoted line ends": {
			"product_name,product_description\nLamp,\"one\ntwo \"\"2\"\"\r\nthree\"\nTorch,\n", rows.CSV,
			[]string{`2 {"product_description":"one\ntwo \"2\"\r\nthree","product_name":"Lamp"}`, `5 {"product_name":"Torch"}`},
		},
		"blank lines": {"product_name\n\n\nLamp\n\n", rows.CSV, []string{`4 {"product_name":"Lamp"}`}},
		"lists": {
			"product_images,image_alts,metadata\n" +
				"https://a/1.jpg  https://a/2.jpg,\"[\"\"one\"\",\"\"two\"\"]\",\"{\"\"a\"\":\"\"b\"\"}\"\n" +
				"\"[\"\"https://a/1.jpg\"\"]\",one,[1]\n[,[\"\"],{\n", rows.CSV,
			[]string{
				`2 {"image_alts":["one","two"],"metadata":{"a":"b"},"product_images":["https://a/1.jpg","https://a/2.jpg"]}`,
				`3 {"product_images":["https://a/1.jpg"]}image_alts must be a JSON array of textsmetadata must be a JSON object`,
				`4 row is not valid CSV: bare " in non-quoted-field`,
			},
		},
		"price": {"product_price\n 12.50 \n", rows.CSV, []string{`2 {"product_price":"12.50"}`}},
		"columns differ": {
			"product_name,product_price\nLamp\nTorch,1,2\nBulb,3\n", rows.CSV,
			[]string{"2 row has 1 columns, the header has 2", "3 row has 3 columns, the header has 2", `4 {"product_name":"Bulb","product_price":"3"}`},
		},
		"a quote inside a cell gives up one line": {
			"product_name\n5\" pipe\nLamp\nTorch 3\"\nBulb\n", rows.CSV,
			[]string{
				`2 row is not valid CSV: bare " in non-quoted-field`, `3 {"product_name":"Lamp"}`,
				`4 row is not valid CSV: bare " in non-quoted-field`, `5 {"product_name":"Bulb"}`,
			},
		},
		"a quote that is not closed gives up one line": {
			"product_name\n\"Lamp\nTorch\nBulb\n", rows.CSV,
			[]string{
				`2 row is not valid CSV: extraneous or missing " in quoted-field`,
				`3 {"product_name":"Torch"}`, `4 {"product_name":"Bulb"}`,
			},
		},
		"another encoding": {
			"product_name\nLumi\xe8re\nLamp\n", rows.CSV, []string{"2 row is not valid UTF-8", `3 {"product_name":"Lamp"}`},
		},
		"ndjson": {
			"\uFEFF{\"product_name\":\"Lamp\"}\r\n\n  \n {\"product_name\":\"Torch\"} ", rows.NDJSON,
			[]string{`1 {"product_name":"Lamp"}`, `4 {"product_name":"Torch"}`},
		},
		"ndjson that is none": {
			"{\"a\":1}{\n[1]\nnull\n{\"a\":\n\xff\n{\"a\":\"\\\"\"}\n", rows.NDJSON,
			[]string{
				"1 row is not valid JSON at byte 8: invalid character '{' after top-level value", "2 row must be a JSON object", "3 row must be a JSON object",
				"4 row is not valid JSON at byte 5: unexpected end of JSON input", "5 row is not valid UTF-8", `6 {"a":"\""}`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := read(t, c.text, c.format); !slices.Equal(got, c.want) {
				t.Errorf("\n%q\nnot\n%q", got, c.want)
			}
		})
	}
}

// TestRowsOfAnyLength: what does not end costs the memory of one row, and no row behind it.
func TestRowsOfAnyLength(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 3*rows.MaxRowBytes)
	const fault = "row must have at most 1048576 bytes"
	for name, c := range map[string]struct {
		text   string
		format rows.Format
		want   []string
	}{
		"line":        {"{\"product_name\":\"" + long + "\"}\n{}\n", rows.NDJSON, []string{"1 " + fault, "2 {}"}},
		"last line":   {"{}\n" + long, rows.NDJSON, []string{"1 {}", "2 " + fault}},
		"cell":        {"product_name\n" + long + "\nLamp\n", rows.CSV, []string{"2 " + fault, `3 {"product_name":"Lamp"}`}},
		"open quotes": {"product_name\n\"Lamp\nTorch\n" + long + "\nBulb\n", rows.CSV, []string{"2 " + fault, `3 {"product_name":"Torch"}`, "4 " + fault, `5 {"product_name":"Bulb"}`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := read(t, c.text, c.format); !slices.Equal(got, c.want) {
				t.Errorf("\n%.200q\nnot\n%q", got, c.want)
			}
		})
	}
}

func TestHeads(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                 "file is empty; the first row must name the columns",
		"product_name,colour\nLamp,red\n":  `file has the unknown column "colour"; columns are external_id, product_name, product_description, product_price, product_images, image_alts, metadata`,
		"product_name;product_name\nA;B\n": "file has the column product_name twice",
		"\xFF\xFEp\x00r\x00":               "file is in UTF-16; it must be in UTF-8",
		"product_name,Lumi\xe8re\n":        "file is not valid UTF-8 in its header",
		"\"product_name\" ,metadata\n":     "file has a header that is not valid CSV",
		"\"product_name\n":                 "file has a header that is not valid CSV",
		strings.Repeat("x", 2<<20):         "file has a header of more than 1048576 bytes",
	} {
		_, err := rows.ReadHead(strings.NewReader(text), rows.CSV)
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || len(f.Fields) != 1 || f.Fields[0].Name+" "+f.Fields[0].Reason != want {
			t.Errorf("%.40q: %v", text, err)
		}
	}
	if _, err := rows.ReadHead(strings.NewReader(""), rows.NDJSON); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an empty file: %v", err)
	}
	broken := errors.New("broken")
	if _, err := rows.ReadHead(iotest.ErrReader(broken), rows.CSV); !errors.Is(err, broken) {
		t.Errorf("a file that cannot be read: %v", err)
	}
}
