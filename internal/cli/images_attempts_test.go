package cli

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestImagesAttempts: each attempt is a line, and what is not known a dash.
func TestImagesAttempts(t *testing.T) {
	t.Parallel()
	const first = `{"generation":1,"attempt":1,"outcome":"retried","reason":{"code":"source_unreachable","detail":"x","retryable":true},"ended_at":"2026-11-02T09:30:10Z","took_ms":310,"http_status":503,"redirects":2,"steps":[{"name":"fetch","took_ms":300}]}`
	const second = `{"generation":1,"attempt":2,"outcome":"ready","ended_at":"2026-11-02T09:30:15Z","took_ms":1840,"http_status":200,"reused":true,"steps":[]}`
	const lost = `{"generation":2,"attempt":1,"outcome":"failed","reason":{"code":"worker_lost"},"ended_at":"2026-11-02T09:31:15Z","took_ms":0,"steps":[]}`
	answer := `{"data":[` + first + `,` + second + `,` + lost + `]}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/products/7/images/9/attempts" {
			t.Errorf("asked %s", r.URL)
		}
		_, _ = io.WriteString(w, answer)
	}))
	defer server.Close()
	run := func(args string) string {
		t.Helper()
		var out strings.Builder
		if code := Run(t.Context(), &fake{}, Streams{Out: &out, Err: &out}, strings.Fields("images attempts --url "+server.URL+" 7 9 "+args)...); code != 0 {
			t.Errorf("%s ends with %d: %s", args, code, &out)
		}
		return out.String()
	}
	got := run("")
	for _, want := range []string{
		"1.1 2026-11-02T09:30:10Z retried 310ms 503 after 2 redirects fetch 300ms source_unreachable",
		"1.2 2026-11-02T09:30:15Z ready 1.84s 200 reused -", "2.1 2026-11-02T09:31:15Z failed 0s - - worker_lost",
	} {
		if !strings.Contains(strings.Join(strings.Fields(got), " "), want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if got, want := run("--json"), first+"\n"+second+"\n"+lost+"\n"; got != want {
		t.Errorf("as JSON: %s", got)
	}
	answer = `{"data":[]}`
	if got := run(""); got != "no attempt at this image has ended\n" {
		t.Errorf("without attempts: %q", got)
	}
}
