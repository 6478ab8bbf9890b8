package fetch_test

import (
	"bytes"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// TestKnownVersions: a host is asked for what has changed since the version that is known,
// but not behind a redirect, and what it says of its versions is kept where it can be sent
// back.
func TestKnownVersions(t *testing.T) {
	t.Parallel()
	modified := time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)
	n := newNetwork(t)
	base := n.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/etag", http.StatusFound)
		case "/etag":
			w.Header().Set("ETag", `W/"é1"`)
			if r.URL.RawQuery == "" {
				w.Header().Set("ETag", `"1"`)
			}
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader("picture"))
		case "/modified":
			http.ServeContent(w, r, "", modified, strings.NewReader("picture"))
		case "/long":
			w.Header().Set("ETag", `"`+strings.Repeat("x", media.MaxValidatorBytes)+`"`)
			_, _ = w.Write([]byte("picture"))
		case "/always":
			w.WriteHeader(http.StatusNotModified)
		}
	})
	f := n.fetcher(t, limits())
	get := func(path string, known media.Version) (media.Answer, string) {
		t.Helper()
		var body bytes.Buffer
		a, err := f.Fetcher.Fetch(t.Context(), media.Source{URL: base + path, Known: known}, &body)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		a.Hops = nil
		return a, body.String()
	}
	date := modified.Format(http.TimeFormat)
	for path, want := range map[string]media.Version{
		"/etag": {ETag: `"1"`}, "/moved": {}, "/modified": {Modified: date}, "/long": {}, "/etag?odd": {},
	} {
		a, body := get(path, media.Version{})
		if !reflect.DeepEqual(a, media.Answer{Version: want, Status: 200, Redirects: a.Redirects}) || body != "picture" {
			t.Errorf("%s: %+v, %q; want %+v", path, a, body, want)
		}
		if want == (media.Version{}) {
			continue
		}
		if a, body = get(path, want); !reflect.DeepEqual(a, media.Answer{Version: want, Unchanged: true, Status: 304}) || body != "" {
			t.Errorf("%s again: %+v, %q", path, a, body)
		}
		if a, body = get(path, media.Version{ETag: `"0"`, Modified: modified.Add(-time.Hour).Format(http.TimeFormat)}); a.Unchanged || body != "picture" {
			t.Errorf("%s of another version: %+v, %q", path, a, body)
		}
	}
	for _, known := range []media.Version{{ETag: `"1"`}, {Modified: date}} { // of another URL than it leads to now
		if a, body := get("/moved", known); !reflect.DeepEqual(a, media.Answer{Status: 200, Redirects: 1}) || body != "picture" {
			t.Errorf("behind a redirect: %+v, %q", a, body)
		}
	}
	_, err := f.Fetch(t.Context(), base+"/always")
	wantReason(t, "304 to who knows nothing", err, fault.SourceUnreachable)
}
