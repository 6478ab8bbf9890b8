package cli

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestImagesRefresh: what is selected is counted, or fetched again by a job that is followed
// to its end.
func TestImagesRefresh(t *testing.T) {
	t.Parallel()
	const job = `{"id":4,"filter":{},"total":1200,"done":1199,"state":"`
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		asked = append(asked, r.Method+" "+r.URL.String()+" "+string(body))
		switch {
		case strings.Contains(string(body), "dry_run"):
			_, _ = io.WriteString(w, `{"matched":1200,"dry_run":true}`)
		case r.Method == http.MethodPost:
			w.Header().Set("Location", "/images/refresh/4")
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, job+`running"}`)
		default:
			_, _ = io.WriteString(w, job+`done"}`)
		}
	}))
	defer server.Close()
	for _, c := range []struct {
		args string
		code int
		want string // of what it prints
		sent string // the first request
	}{
		{"--host=shop.example --products=7,9 --dry-run", 0, "1,200 would be fetched again\n", `POST /images/refresh {"filter":{"host":"shop.example","product_ids":[7,9]},"dry_run":true}`},
		{"--user=2 --updated-before=2026-11-01T00:00:00Z --dry-run --json", 0, `{"matched":1200,"dry_run":true}`, `POST /images/refresh {"filter":{"user_id":2,"updated_before":"2026-11-01T00:00:00Z"},"dry_run":true}`},
		{"--all --rate=50", 0, "job 4 done: 1,199 of 1,200 in line to be fetched again\n1 were put in line by others, or changed meanwhile\n", `POST /images/refresh {"all":true,"rate":50}`},
		{"--all --json", 0, job + "done\"}\n", `POST /images/refresh {"all":true}`},
		{"--rate=5", 1, "say which: ", ""},
		{"--updated-before=soon --all", 1, "--updated-before: must be a time", ""},
	} {
		asked = nil
		var out strings.Builder
		code := Run(t.Context(), &fake{}, Streams{Out: &out, Err: &out}, append(strings.Fields("images refresh --url "+server.URL), strings.Fields(c.args)...)...)
		if code != c.code || !strings.Contains(out.String(), c.want) || c.sent != "" && asked[0] != c.sent || c.sent == "" && asked != nil {
			t.Errorf("%s ends with %d, asked %q and wrote %s", c.args, code, asked, &out)
		}
	}
}
