package rows_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"vitrine.dev/internal/bulk/rows"
)

// products have all that a product may hold.
func products() []rows.ProductRow {
	list := []rows.ProductRow{
		{Name: "Lamp", Price: "0"},
		{
			ExternalID: " SKU,\"7\" ", Name: "  \"Café\"; <b>&amp;</b> 🐈\u2028", Description: "one\r\ntwo\rthree\n\n\"four\"\ttab\v\r", Price: "9999999999999.99",
			Images:   []string{"https://a/1.jpg?a=1&b=<2>,3", "https://ä.example/2.jpg"},
			Alts:     []string{"", "says \"no\",\r\nor yes"},
			Metadata: map[string]string{"z": "", "a\r\nb": "1,2", "ß": "\u0001"},
		},
		{Name: "=SUM(A1)", Description: "   ", Price: "0.1", Images: []string{"https://a/1.jpg"}},
	}
	for _, text := range []string{`\.`, "\"", "\"\"", "\r", "\n", "\r\n", "\r\r\n", " ", "\t", ",", "#", "\uFEFF", "\x00", "null", "{", "[1]"} {
		list = append(list, rows.ProductRow{ExternalID: "x" + text, Name: text + "n", Description: text, Price: "1", Metadata: map[string]string{"k" + text: text}})
	}
	return list
}

// write writes a file of the products.
func write(t *testing.T, format rows.Format, list []rows.ProductRow) string {
	t.Helper()
	var file strings.Builder
	w := rows.NewWriter(&file, format)
	errs := []error{w.Begin("evt_e_1")}
	for _, p := range list {
		errs = append(errs, w.Write(p))
	}
	errs = append(errs, w.End("evt_e_2", int64(len(list))), w.Flush())
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return file.String()
}

// TestWrittenIsRead: what was written is read as it was, and written again it is the same
// file.
func TestWrittenIsRead(t *testing.T) {
	t.Parallel()
	for _, format := range []rows.Format{rows.NDJSON, rows.CSV} {
		file := write(t, format, products())
		head, err := rows.ReadHead(strings.NewReader(file), format)
		if err != nil {
			t.Fatal(err)
		}
		var got []rows.ProductRow
		r := rows.NewReader(strings.NewReader(file[head.First.Offset:]), head, head.First)
		for {
			row, err := r.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil || len(row.Faults) > 0 {
				t.Fatalf("%s: line %d: %v %v", format, row.Line, row.Faults, err)
			}
			object := row.Object
			if format == rows.CSV { // which has prices as texts, for which the API has the same reading
				object = bytes.Replace(object, []byte(`"product_price":"`), []byte(`"product_price":`), 1)
				_, price, _ := bytes.Cut(object, []byte(`"product_price":`))
				end := bytes.IndexByte(price, '"')
				object = append(object[:len(object)-len(price)+end:len(object)-len(price)+end], price[end+1:]...)
			}
			d := json.NewDecoder(bytes.NewReader(object))
			d.DisallowUnknownFields()
			var p rows.ProductRow
			if err := d.Decode(&p); err != nil {
				t.Fatalf("%s: %s: %v", format, object, err)
			}
			got = append(got, p)
		}
		if want := products(); !reflect.DeepEqual(got, want) {
			if len(got) != len(want) {
				t.Fatalf("%s: %d rows, want %d", format, len(got), len(want))
			}
			for i := range want {
				if !reflect.DeepEqual(got[i], want[i]) {
					t.Errorf("%s: read\n%#v\nwhere this was written:\n%#v", format, got[i], want[i])
				}
			}
		}
		if again := write(t, format, got); again != file {
			t.Errorf("%s: written again it is\n%s\nnot\n%s", format, again, file)
		}
	}
}

// TestFileAsItStands is what a file looks like.
func TestFileAsItStands(t *testing.T) {
	t.Parallel()
	list := []rows.ProductRow{
		{Name: "Lamp", Price: "12.5"},
		{ExternalID: "7", Name: "A \"B\"", Description: "x\ny", Price: "1", Images: []string{"https://a/1?a=1&b=2"}, Alts: []string{"<i>"}, Metadata: map[string]string{"b": "2", "a": "1"}},
	}
	for format, want := range map[rows.Format]string{
		rows.NDJSON: `{"export":{"events_after":"evt_e_1"}}
{"product_name":"Lamp","product_price":12.5}
{"external_id":"7","product_name":"A \"B\"","product_description":"x\ny","product_price":1,"product_images":["https://a/1?a=1&b=2"],"image_alts":["<i>"],"metadata":{"a":"1","b":"2"}}
{"export":{"events_until":"evt_e_2","products":2}}
`,
		rows.CSV: "external_id,product_name,product_description,product_price,product_images,image_alts,metadata\r\n,Lamp,,12.5,,,\r\n" +
			"7,\"A \"\"B\"\"\",\"x\ny\",1,\"[\"\"https://a/1?a=1&b=2\"\"]\",\"[\"\"<i>\"\"]\",\"{\"\"a\"\":\"\"1\"\",\"\"b\"\":\"\"2\"\"}\"\r\n",
	} {
		if got := write(t, format, list); got != want {
			t.Errorf("%s:\n%s\nnot\n%s", format, got, want)
		}
	}
}

// TestOnlyMarksAreSkipped: another object that resembles a mark is a row.
func TestOnlyMarksAreSkipped(t *testing.T) {
	t.Parallel()
	for line, rowsOf := range map[string]int{
		`{"export":{"events_after":"evt_e_1"}}`: 0, "\t{\"export\":{}}\r": 0, `{"export":{}`: 1, `{"export":1}`: 1, `{"exports":{}}`: 1, `{"product_name":"{\"export\":{"}`: 1,
	} {
		if got := read(t, line+"\n{}\n", rows.NDJSON); len(got) != rowsOf+1 {
			t.Errorf("%s: %q", line, got)
		}
	}
}

// TestWriterSaysWhatFailed: what could not be written is an error at the end at the latest.
func TestWriterSaysWhatFailed(t *testing.T) {
	t.Parallel()
	w := rows.NewWriter(broken{}, rows.CSV)
	_ = w.Begin("")
	_ = w.Write(rows.ProductRow{Name: "n", Price: "1"})
	if err := w.Flush(); !errors.Is(err, errBroken) {
		t.Errorf("flushed: %v", err)
	}
	if err := w.Write(rows.ProductRow{Name: strings.Repeat("n", 1<<20), Price: "1"}); !errors.Is(err, errBroken) {
		t.Errorf("written: %v", err)
	}
}

var errBroken = errors.New("broken")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }
