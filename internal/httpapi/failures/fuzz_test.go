package failures

import (
	"bytes"
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/openapi"
)

// FuzzDecodeOrder: every error of an order gives a reason, and what has none is
// within what a column can hold and the same once it was kept for a job.
func FuzzDecodeOrder(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"ids":["image-42","message-7"],"dry_run":true}`, `{"ids":[],"all":true}`, `{"ids":[{"a":1},"image-0"]}`,
		`{"filter":{"reason":"source_not_found","host":"a.example","user_id":7},"rate":500}`, `{"filter":{"filter":{}}}`,
		`{"filter":{"failed_after":"2026-11-23T06:00:00z","failed_before":"2026-11-23T07:00:00.123+01:00"}}`,
		`{"filter":null,"all":false,"rate":0}`, `{"filter":{"user_id":0},"filter":{}}`, `{"rate":1e3,"x":[]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		order, err := decodeOrder(body)
		if err != nil {
			wantClientError(t, err)
			return
		}
		for _, bad := range order.FieldErrors {
			if bad.Reason == "" {
				t.Errorf("error %+v gives no reason", bad)
			}
		}
		if len(order.FieldErrors) > 0 {
			return
		}
		for _, id := range order.IDs {
			if again, ok := failures.ParseID(id.String()); !ok || again != id {
				t.Errorf("%+v is written as %s", id, id)
			}
		}
		if order.Filter == nil {
			return
		}
		text, err := json.Marshal(order.Filter)
		var kept failures.Filter
		if err != nil || json.Unmarshal(text, &kept) != nil || !sameFilter(kept, *order.Filter) {
			t.Errorf("%+v is kept as %s: %v", order.Filter, text, err)
		}
	})
}

func sameFilter(a, b failures.Filter) bool {
	return a.Reason == b.Reason && a.Host == b.Host && a.UserID == b.UserID && a.ProductID == b.ProductID &&
		a.FailedAfter.Equal(b.FailedAfter) && a.FailedBefore.Equal(b.FailedBefore)
}

// FuzzDecodePosition: what is read as a position is written the same way.
func FuzzDecodePosition(f *testing.F) {
	f.Add(encodePosition(failures.Position{At: time.UnixMilli(1).UTC(), ID: failures.ID{Kind: failures.KindImage, N: 1}}))
	f.Add(encodePosition(failures.Position{At: time.UnixMilli(catalog.MaxID), ID: failures.ID{Kind: failures.KindMessage, N: catalog.MaxID}}))
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x00\x00i\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, ok := decodePosition(b); ok && !bytes.Equal(encodePosition(*p), b) {
			t.Errorf("%q is read as %+v, which is written %q", b, p, encodePosition(*p))
		}
	})
}

// FuzzListLink: a query for dead letters leads on to the same filter.
func FuzzListLink(f *testing.F) {
	for _, s := range []string{"", "reason=decode_failed&limit=5", "host=%C3%9F&user_id=1", "failed_after=2026-11-23T06:00:00Z", "cursor=x&cursor=y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		declared := openapi.Names(ListQuery())
		query, err := httpkit.ReadParams(raw, declared)
		if err != nil {
			return
		}
		link := query.Link("/dead-letters", "next")
		u, err := url.Parse(link[1 : len(link)-len(`>; rel="next"`)])
		if err != nil {
			t.Fatalf("link %q: %v", link, err)
		}
		again, err := httpkit.ReadParams(u.RawQuery, declared)
		if err != nil || len(again.Errors) > 0 {
			t.Fatalf("link %q: %v, %v", link, err, again)
		}
		for _, name := range declared {
			if got := again.Text(name); got != query.Text(name) && name != httpkit.ParamCursor {
				t.Errorf("%s is %q, on the next page %q", name, query.Text(name), got)
			}
		}
		if got := u.Query().Get(httpkit.ParamCursor); got != "next" || again.Selection() != query.Selection() {
			t.Errorf("link %q leads to %q of %q", link, got, again.Selection())
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
