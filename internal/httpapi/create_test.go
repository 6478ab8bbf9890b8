package httpapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"vitrine.dev/internal/fault"
)

func TestCreate(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	w := s.do(http.MethodPost, "/products", smartphone, "X-Request-Id", "order-7.a_B")
	wantStatus(t, w, http.StatusCreated)
	wantBody(t, w, `{"message":"Product created successfully","product_id":101}`)
	wantHeader(t, w, "Content-Type", "application/json")
	wantHeader(t, w, "Location", "/products/101")
	wantVersion(t, w, 1)
	wantHeader(t, w, "X-Request-Id", "order-7.a_B")
	wantHeader(t, w, "X-Content-Type-Options", "nosniff")
	if got := s.store.Requests(); !slices.Equal(got, []string{"order-7.a_B"}) {
		t.Errorf("request ids in the store = %v", got)
	}
}

func TestCreateAccepts(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		body, contentType, want string
	}{
		"the least":          {`{"user_id":1,"product_name":"x","product_price":0}`, "", `"product_name":"x","product_description":"","product_images":[],"compressed_product_images":[],"product_price":0,"images":[],"version":1,"revision":1}`},
		"null for nothing":   {`{"user_id":1,"product_name":"x","product_price":1,"product_description":null,"product_images":null}`, "", `"product_description":"","product_images":[]`},
		"price as a string":  {`{"user_id":1,"product_name":"x","product_price":"1.15"}`, "", `"product_price":1.15,`},
		"escaped price":      {`{"user_id":1,"product_name":"x","product_price":"1.1\u0035"}`, "", `"product_price":1.15,`},
		"price 0.1":          {`{"user_id":1,"product_name":"x","product_price":0.10}`, "", `"product_price":0.1,`},
		"large price":        {`{"user_id":1,"product_name":"x","product_price":123456789012.99}`, "", `"product_price":123456789012.99,`},
		"exponent":           {`{"user_id":1,"product_name":"x","product_price":1.5e2}`, "", `"product_price":150,`},
		"escaped field name": {`{"user\u005fid":1,"product_name":"x","product_price":1}`, "", `"user_id":1,`},
		"markup stays":       {`{"user_id":1,"product_name":"<b> & \"\\","product_price":1}`, "", `"product_name":"<b> & \"\\",`},
		"surrogate pair":     {`{"user_id":1,"product_name":"\ud83d\ude00 \\ud800","product_price":1}`, "", `"product_name":"😀 \\ud800",`},
		"charset":            {`{"user_id":1,"product_name":"ü","product_price":1}`, "application/json; charset=UTF-8", `"product_name":"ü",`},
		"white space":        {" \r\n\t{ \"user_id\" : 1 , \"product_name\" : \"x\" , \"product_price\" : 1 } \n", "", `"product_name":"x"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			headers := []string{"Content-Type", "application/json"}
			if tc.contentType != "" {
				headers[1] = tc.contentType
			}
			wantStatus(t, s.do(http.MethodPost, "/products", tc.body, headers...), http.StatusCreated)
			if w := s.do(http.MethodGet, "/products/101", ""); !strings.Contains(w.Body.String(), tc.want) {
				t.Errorf("body = %s, want it to have %s", w.Body, tc.want)
			}
		})
	}
}

// with is a good product with one field replaced, or removed for "".
func with(field, value string) string {
	var b strings.Builder
	for _, f := range [][2]string{
		{"user_id", "1"},
		{"product_name", `"Lamp"`},
		{"product_description", `"Bright"`},
		{"product_images", `["https://example.com/a.jpg"]`},
		{"product_price", "9.5"},
	} {
		if f[0] == field {
			f[1] = value
		}
		if f[1] != "" {
			fmt.Fprintf(&b, `,"%s":%s`, f[0], f[1])
		}
	}
	return "{" + b.String()[1:] + "}"
}

func TestCreateRefusesFields(t *testing.T) {
	t.Parallel()
	const id = "must be an integer from 1 to 9007199254740991"
	for name, tc := range map[string]struct {
		body string
		want []string
	}{
		"nothing given":        {`{}`, []string{"user_id is required", "product_name is required", "product_price is required"}},
		"all null":             {`{"user_id":null,"product_name":null,"product_price":null}`, []string{"user_id must not be null", "product_name must not be null", "product_price must not be null"}},
		"an array":             {`[1]`, []string{"body must be a JSON object"}},
		"null":                 {`null`, []string{"body must be a JSON object"}},
		"a string":             {`"x"`, []string{"body must be a JSON object"}},
		"user as string":       {with("user_id", `"1"`), []string{"user_id must be an integer, not a string"}},
		"user as fraction":     {with("user_id", `1.5`), []string{"user_id must be an integer"}},
		"user with exponent":   {with("user_id", `1e0`), []string{"user_id must be an integer"}},
		"user 0":               {with("user_id", `0`), []string{"user_id " + id}},
		"user negative":        {with("user_id", `-1`), []string{"user_id " + id}},
		"user beyond 2^53":     {with("user_id", `9007199254740992`), []string{"user_id " + id}},
		"user beyond 2^64":     {with("user_id", `99999999999999999999`), []string{"user_id " + id}},
		"unknown user":         {with("user_id", `3`), []string{"user_id is not a known user"}},
		"name as number":       {with("product_name", `5`), []string{"product_name must be a string, not a number"}},
		"name as boolean":      {with("product_name", `true`), []string{"product_name must be a string, not a boolean"}},
		"empty name":           {with("product_name", `""`), []string{"product_name must not be empty"}},
		"blank name":           {with("product_name", `" \n"`), []string{"product_name must not be empty"}},
		"long name":            {with("product_name", `"`+strings.Repeat("é", 201)+`"`), []string{"product_name must have at most 200 characters, has 201"}},
		"NUL in the name":      {with("product_name", `"a\u0000b"`), []string{"product_name must not contain a NUL character"}},
		"half a surrogate":     {with("product_name", `"a\ud800"`), []string{"product_name must be valid UTF-8: it has half of a surrogate pair"}},
		"wrong surrogates":     {with("product_name", `"\udc00\ud800"`), []string{"product_name must be valid UTF-8: it has half of a surrogate pair"}},
		"description as array": {with("product_description", `[]`), []string{"product_description must be a string, not an array"}},
		"long description":     {with("product_description", `"`+strings.Repeat("x", 10001)+`"`), []string{"product_description must have at most 10000 characters, has 10001"}},
		"price missing":        {with("product_price", ""), []string{"product_price is required"}},
		"price as boolean":     {with("product_price", `false`), []string{"product_price must be a number, not a boolean"}},
		"price negative":       {with("product_price", `-0.01`), []string{"product_price must not be negative"}},
		"price over-precise":   {with("product_price", `1.001`), []string{"product_price must have at most 2 decimal places"}},
		"price too large":      {with("product_price", `1e13`), []string{"product_price must be at most 9999999999999.99"}},
		"price as text NaN":    {with("product_price", `"NaN"`), []string{"product_price must be a decimal number such as 999.99"}},
		"price as text -inf":   {with("product_price", `"-Infinity"`), []string{"product_price must be a decimal number such as 999.99"}},
		"price empty":          {with("product_price", `""`), []string{"product_price must be a decimal number such as 999.99"}},
		"images as object":     {with("product_images", `{}`), []string{"product_images must be an array of strings, not an object"}},
		"images as string":     {with("product_images", `"https://example.com/a.jpg"`), []string{"product_images must be an array of strings, not a string"}},
		"too many images":      {with("product_images", `["x"`+strings.Repeat(`,1`, 50)+`]`), manyImages()},
		"image URLs": {
			with("product_images", `["https://example.com/a",5,null,"","ftp://example.com/a","file:///etc/passwd","//example.com/a","http://","http://u:p@example.com/"]`),
			[]string{
				"product_images[1] must be a string, not a number", "product_images[2] must be a string, not null",
				"product_images[3] must not be empty", "product_images[4] must be an http or https URL",
				"product_images[5] must be an http or https URL", "product_images[6] must be an http or https URL",
				"product_images[7] must name a host", "product_images[8] must not carry a user name or password",
			},
		},
		"long image URL":    {with("product_images", `["https://example.com/`+strings.Repeat("x", 2048)+`"]`), []string{"product_images[0] must have at most 2048 bytes, has 2068"}},
		"unknown field":     {`{"colour":"red",` + with("", "")[1:], []string{"colour is not a known field"}},
		"field in capitals": {`{"Product_Name":"red",` + with("", "")[1:], []string{"Product_Name is not a known field"}},
		"given id":          {`{"id":5,` + with("", "")[1:], []string{"id is set by the server"}},
		"duplicate":         {`{"user_id":1,` + with("", "")[1:], []string{"user_id must be given only once"}},
		"escaped duplicate": {`{"user\u005fid":1,` + with("", "")[1:], []string{"user_id must be given only once"}},
		"duplicate unknown": {`{"x":1,"x":2,` + with("", "")[1:], []string{"x must be given only once"}},
		"long unknown":      {`{"` + strings.Repeat("x", 5000) + `":1,` + with("", "")[1:], []string{strings.Repeat("x", 64) + "… is not a known field"}},
		"form and rules together": {
			`{"user_id":"1","product_name":"","product_description":7,"product_images":["x"],"product_price":-1,"y":0}`,
			[]string{
				"user_id must be an integer, not a string", "product_description must be a string, not a number",
				"product_price must not be negative", "y is not a known field", "product_name must not be empty",
				"product_images[0] must be an http or https URL",
			},
		},
		"rules and unknown user": {
			`{"user_id":3,"product_name":"","product_price":1}`,
			[]string{"product_name must not be empty", "user_id is not a known user"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			p := wantProblem(t, s.do(http.MethodPost, "/products", tc.body), http.StatusUnprocessableEntity)
			if got := p.errors(); !slices.Equal(got, tc.want) {
				t.Errorf("errors:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(tc.want, "\n"))
			}
			if s.store.Len() != 0 {
				t.Error("something was stored")
			}
		})
	}
}

// manyImages are the errors of the first 50 of 51 images, of which only the
// first is a string, and of their number.
func manyImages() (list []string) {
	for i := 1; i < 50; i++ {
		list = append(list, fmt.Sprintf("product_images[%d] must be a string, not a number", i))
	}
	return append(list, "product_images must have at most 50 entries, has 51")
}

func TestCreateWhileThingsAreDown(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.cache.Fail(fault.New(fault.Unavailable, "no cache"))
	wantStatus(t, s.do(http.MethodPost, "/products", smartphone), http.StatusCreated)

	s.store.Fail(fault.Wrap(fault.Unavailable, "the database cannot be reached", errors.New("dial tcp 10.1.2.3:5432: secret")))
	w := s.do(http.MethodPost, "/products", smartphone)
	p := wantProblem(t, w, http.StatusServiceUnavailable)
	wantHeader(t, w, "Retry-After", "5")
	if p.Detail != "the database cannot be reached" || strings.Contains(w.Body.String(), "10.1.2.3") {
		t.Errorf("body = %s", w.Body)
	}
}
