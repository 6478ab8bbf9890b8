package products

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/openapi"
)

// shown is how clients see a product.
func shown(p catalog.Product) ([]byte, error) {
	return httpkit.Encode(wireProduct(p, func(key string) string { return "/images/" + key }))
}

// FuzzDecodeDraft: whatever arrives, the answer is a refusal of bad JSON or a
// draft, and a draft without errors says what encoding/json reads as well.
func FuzzDecodeDraft(f *testing.F) {
	for _, s := range []string{
		`{}`, `[]`, `null`, `{"user_id":1,"product_name":"x","product_price":1.5}`,
		`{"user_id":1,"product_name":"\ud83d\ude00\ud800","product_images":["a",1],"product_price":"1e2"}`,
		`{"a":1,"a":2}`, "{\"a\":\"\xff\"}", `{"user_id":`, `{"user_id":1}x`, `{"product_name":"\\ud800"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		draft, err := decodeDraft(body)
		if _, patchErr := decodePatch(shown)(body); (patchErr == nil) != (err == nil) {
			t.Fatalf("as a draft: %v; as a patch: %v", err, patchErr)
		}
		if err != nil || len(draft.FieldErrors) > 0 {
			if len(draft.FieldErrors) > fault.MaxFieldErrors {
				t.Errorf("%d errors", len(draft.FieldErrors))
			}
			return
		}
		var plain struct {
			UserID      json.Number `json:"user_id"`
			Name        string      `json:"product_name"`
			Description string      `json:"product_description"`
			Images      []string    `json:"product_images"`
		}
		if err := json.Unmarshal(body, &plain); err != nil {
			t.Fatalf("accepted what is no product: %v", err)
		}
		if plain.Name != draft.Name || plain.Description != draft.Description || !utf8.ValidString(draft.Name) {
			t.Errorf("draft = %+v, plain = %+v", draft, plain)
		}
		if len(plain.Images) <= catalog.MaxImages && !slices.Equal(plain.Images, draft.Images) {
			t.Errorf("images = %q, plain %q", draft.Images, plain.Images)
		}
	})
}

// FuzzDecodePatch: a patch without errors changes just what the body names, and
// every error of one that has some names a field.
func FuzzDecodePatch(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"product_name":"x"}`, `{"product_description":null,"product_images":null}`, `{"product_price":"1.50"}`,
		`{"product_name":null}`, `{"id":1}`, `{"product_images":["https://a/",[],{"b":","}]}`, `{"product_price":1e-2}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		patch, err := decodePatch(shown)(body)
		if err != nil {
			wantClientError(t, err)
			return
		}
		for _, bad := range patch.FieldErrors {
			if bad.Name == "" && !strings.Contains(string(body), `""`) || bad.Reason == "" {
				t.Errorf("error %+v says nothing", bad)
			}
		}
		if patch.ReadOnly != nil && len(patch.ReadOnly(catalog.Product{})) == 0 && !bytes.Contains(body, []byte("[]")) && !bytes.Contains(body, []byte("0")) {
			t.Errorf("%s has what the product without anything has", body)
		}
		var named map[string]json.RawMessage
		if len(patch.FieldErrors) > 0 || json.Unmarshal(body, &named) != nil {
			return
		}
		for field, changes := range map[string]bool{
			catalog.FieldName: patch.Name != nil, catalog.FieldDescription: patch.Description != nil,
			catalog.FieldImages: patch.Images != nil, catalog.FieldPrice: patch.Price != nil,
		} {
			if _, given := named[field]; given != changes {
				t.Errorf("%s given is %v, changed is %v", field, given, changes)
			}
		}
	})
}

// FuzzListQuery: a filter without errors is within the limits, and the link to
// the next page reads as the same filter further on.
func FuzzListQuery(f *testing.F) {
	for _, s := range []string{
		"", "user_id=1&limit=1000", "price_min=0.01&price_max=1e3", "product_name=%C3%9F+x", "cursor=AQAAAAAAAABl",
		"limit=1&limit=2", "userid=7&page=2", "limit=01", "user_id=9007199254740992", "a;b", "%", "product_name=%ff",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		query, err := httpkit.ReadParams(raw, openapi.Names(ListQuery()))
		if err != nil {
			return
		}
		filter := decodeFilter(query)
		if len(query.Errors) > 0 {
			return
		}
		if filter.UserID < 0 || filter.UserID > catalog.MaxID || filter.Limit < 0 || filter.Limit > catalog.MaxListLimit {
			t.Errorf("%q is read as %+v", raw, filter)
		}
		link := query.Link("/products", "next")
		_, next, _ := strings.Cut(strings.TrimSuffix(link, `>; rel="next"`), "?")
		again, err := httpkit.ReadParams(next, openapi.Names(ListQuery()))
		if err != nil || strings.ContainsAny(link, "\r\n") {
			t.Fatalf("link %q: %v", link, err)
		}
		got := decodeFilter(again)
		if again.Text(httpkit.ParamCursor) != "next" || again.Selection() != query.Selection() || got.UserID != filter.UserID || got.Name != filter.Name || got.Limit != filter.Limit ||
			!samePrice(got.PriceMin, filter.PriceMin) || !samePrice(got.PriceMax, filter.PriceMax) || len(again.Errors) > 0 {
			t.Errorf("%q leads on to %+v", raw, got)
		}
	})
}

func samePrice(a, b *catalog.Price) bool { return a == b || a != nil && b != nil && *a == *b }

// FuzzIdempotencyKey: what is accepted is a valid key, and the same in quotes.
func FuzzIdempotencyKey(f *testing.F) {
	for _, s := range []string{"k", `"k"`, `"a\"b\\c"`, `"`, `""`, `"a";b`, "a\x7f", strings.Repeat("x", 256), `\`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		key, err := idempotencyKey(http.Header{httpkit.HeaderIdempotencyKey: {value}})
		if err != nil {
			wantClientError(t, err)
			return
		}
		if !catalog.ValidKey(key) || key != value && value[0] != '"' {
			t.Errorf("%q is read as %q", value, key)
		}
		quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(key) + `"`
		if again, err := idempotencyKey(http.Header{httpkit.HeaderIdempotencyKey: {quoted}}); err != nil || again != key {
			t.Errorf("%q is read as %q, in quotes as %q, %v", value, key, again, err)
		}
	})
}

// wantClientError asserts that an error is answered with a status from 400 to
// 499 and a text.
func wantClientError(t *testing.T, err error) {
	t.Helper()
	p, _ := httpkit.ProblemOf(err)
	if p.Status < 400 || p.Status > 499 || p.Detail == "" || fault.KindOf(err) == fault.Unavailable {
		t.Errorf("%v is answered with %+v", err, p)
	}
}
