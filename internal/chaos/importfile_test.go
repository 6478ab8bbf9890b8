package chaos_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// row is a line of a file that is imported. An empty field, and images that are nil, are not
// in it.
type row struct {
	line     int64 // where it begins
	external string
	state
	faulty bool // its price is none
}

// file is one import, and what is known of it.
type file struct {
	user   int64
	rows   []row
	create bool // mode=create
	all    bool // error_policy=all
	rate   int  // image_rate; 0: none
	csv    bool
	body   []byte
	sha256 string

	id              int64 // 0: it was not answered
	cancelled       bool  // it may be
	imagesCancelled bool  // and images of it
}

// patched is the state after the row.
func (r row) patched(s state) state {
	if r.Name != "" {
		s.Name = r.Name
	}
	if r.Description != "" {
		s.Description = r.Description
	}
	if r.Price != "" {
		s.Price = r.Price
	}
	if r.Images != nil {
		s.Images = r.Images
	}
	if s.Images == nil {
		s.Images = []string{}
	}
	return s
}

// faulty reports whether a row of the file is.
func (f *file) faulty() bool {
	return slices.ContainsFunc(f.rows, func(r row) bool { return r.faulty })
}

// path is where the file is sent.
func (f *file) path() string {
	path := fmt.Sprintf("/imports?user_id=%d", f.user)
	if f.create {
		path += "&mode=create"
	}
	if f.all {
		path += "&error_policy=all"
	}
	if f.rate > 0 {
		path += fmt.Sprintf("&image_rate=%d", f.rate)
	}
	return path
}

func (f *file) contentType() string {
	if f.csv {
		return "text/csv"
	}
	return "application/x-ndjson"
}

// fileOf makes a file of rows of the user. Some change products of earlier ones, of which the
// external ids are there, some one that is in the file before, and some are at fault.
func (m *maker) fileOf(rng *rand.Rand, user int64, earlier []string) *file {
	f := &file{user: user, create: rng.IntN(6) == 0, all: rng.IntN(4) == 0, csv: rng.IntN(2) == 0}
	if rng.IntN(2) == 0 {
		f.rate = 5 + rng.IntN(20)
	}
	spoilt := rng.IntN(3) == 0
	var here []string
	for range 20 + rng.IntN(160) {
		r := row{state: m.state(rng, user, "")}
		r.Description += ": \"quoted\", with a comma; a tab\tand a\nsecond line, é"
		switch dice := rng.IntN(100); {
		case dice < 10:
		case dice < 25 && len(earlier) > 0:
			r.external = earlier[rng.IntN(len(earlier))]
		case dice < 32 && len(here) > 0:
			r.external = here[rng.IntN(len(here))]
		default:
			r.external = fmt.Sprintf("SKU %d-%d", user, m.count.Add(1))
			here = append(here, r.external)
		}
		if rng.IntN(10) > 0 {
			r.Images = nil
		}
		r.faulty = spoilt && rng.IntN(15) == 0
		f.rows = append(f.rows, r)
	}
	if f.csv {
		f.asCSV(rng)
	} else {
		f.asLines()
	}
	sum := sha256.Sum256(f.body)
	f.sha256 = hex.EncodeToString(sum[:])
	return f
}

func (r row) price() string {
	if r.faulty {
		return "free"
	}
	return string(r.Price)
}

func (f *file) asLines() {
	for i := range f.rows {
		r := &f.rows[i]
		r.line = int64(i + 1)
		object := map[string]any{"product_name": r.Name, "product_description": r.Description, "product_price": r.price()}
		if r.external != "" {
			object["external_id"] = r.external
		}
		if r.Images != nil {
			object["product_images"] = r.Images
		}
		f.body = append(append(f.body, encoded(object)...), '\n')
	}
}

// encoded is JSON of what can be no other than that.
func encoded(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

// asCSV writes rows with any delimiter, with or without a byte order mark, and images in either form.
func (f *file) asCSV(rng *rand.Rand) {
	var out bytes.Buffer
	if rng.IntN(2) == 0 {
		out.WriteString("\ufeff")
	}
	w := csv.NewWriter(&out)
	w.Comma = []rune{',', ';', '\t'}[rng.IntN(3)]
	write := func(record ...string) {
		_ = w.Write(record) // a buffer takes all
		w.Flush()
	}
	write("product_price", "external_id", "product_images", "product_name", "product_description")
	asJSON := rng.IntN(2) == 0
	for i := range f.rows {
		r := &f.rows[i]
		images := strings.Join(r.Images, " ")
		if asJSON && r.Images != nil {
			images = string(encoded(r.Images))
		}
		r.line = int64(1 + bytes.Count(out.Bytes(), []byte("\n")))
		write(r.price(), r.external, images, r.Name, r.Description)
	}
	f.body = out.Bytes()
}
