package cli

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestWhatWaits: the commands print what the API says, as tables and as it is.
func TestWhatWaits(t *testing.T) {
	t.Parallel()
	answers := map[string]string{
		"/queue": `{"as_of":"2026-11-27T06:00:10Z","slots":64,"in_flight":3,"per_second":2.345,"states":[
			{"state":"in_line","waiting_for":"turn","images":10000,"more":true,"oldest_at":"2026-11-27T05:00:00Z","due_at":"2026-11-27T05:59:00Z","waited_ms":70000},
			{"state":"begun","images":3,"more":false,"oldest_at":"2026-11-27T06:00:08.5Z"},
			{"state":"later","waiting_for":"retry","images":2,"oldest_at":"2026-11-27T06:00:08.5Z","due_at":"2026-11-27T06:00:42Z"},{"state":"parked","waiting_for":"host","images":0,"more":false}],
			"users":[{"user_id":7,"in_flight":3,"waiting":10000,"more":true}],
			"turns":[{"user_id":7,"line":"first_contacts","place":1,"images":2},{"user_id":7,"line":"known","place":1203,"images":10000,"more":true,
			"first_at":"2026-11-27T06:02:10Z","last_at":"2026-11-27T07:00:10Z"}],
			"hosts":[{"host":"b.example","state":"open","parked":1000,"parked_more":true},{"host":"c.example","state":"answers","in_flight":4,"limit":4,"parked":7}],
			"processes":[{"id":"A","role":"worker","slots":64,"in_flight":3,"heartbeat_at":"2026-11-27T06:00:09Z","started_at":"2026-11-27T04:00:00Z",
			"version":"v1.4.0","memory":2147483648,"renders":2,"pixels_used":25000000,"pixel_budget":100000000},
			{"id":"B","role":"worker","slots":1,"in_flight":1,"heartbeat_at":"2026-11-27T06:00:10Z","started_at":"2026-11-27T06:00:00Z","version":"v1.4.0","draining":true}]}`,
		"/queue/history?minutes=360": `{"as_of":"2026-11-27T06:02:10Z","length":5,"points":[{"at":"2026-11-27T05:55:00Z","minutes":5,"ready":1412,"retried":9,"failed":3,
			"bytes_in":2147483648,"bytes_out":1048576,"backlog":{"waiting":10000,"more":true,"oldest_seconds":75,"in_flight":12}},{"at":"2026-11-27T06:00:00Z","minutes":2}]}`,
		"/hosts?limit=100":            `{"data":[{"host":"a","state":"answers","limit":4,"in_flight":1,"parked":0,"parked_more":false,"failures":0,"recent_ms":340}]}`,
		"/hosts?limit=100&state=open": `{"data":[{"host":"b","state":"open","limit":0,"in_flight":0,"parked":1000,"parked_more":true,"failures":6,"open_until":"2026-11-27T06:00:30Z","reason":{"code":"source_timeout"},"recent_ms":30000}]}`,
		"/hosts?host=c&limit=100":     `{"data":[{"host":"c","state":"answers","fetches":{"succeeded":412,"failed":8,"success_rate":0.981,"p50_ms":180,"p95_ms":12000}}]}`,
		"/hosts?host=d&limit=100":     `{"data":[{"host":"d","state":"open","fetches":{"succeeded":0,"failed":8,"success_rate":0}}]}`,
		"/hosts/b:8080/try":           `{"host":"b:8080","state":"probed","limit":1,"parked":1}`,
		"/hosts/%5B::1%5D/try":        `{"host":"[::1]","state":"probed","limit":1,"parked":1000,"parked_more":true}`,
		"/products/7":                 `{"images":[{"id":8},{"id":9}]}`,
		"/products/7/images/8": `{"id":8,"source_url":"https://b/1.jpg","status":"pending","attempts":2,"reason":{"code":"source_timeout"},
			"waiting":{"for":"retry","until":"2026-11-27T06:00:30Z"}}`,
		"/products/7/images/8/attempts": `{"data":[{"attempt":1,"generation":1,"outcome":"retried","reason":{"code":"source_unreachable"},"ended_at":"2026-11-27T06:00:10Z",
			"steps":[{"name":"fetch","duration_ms":180,"bytes_in":0,"bytes_out":0,"failed":true}],"status":503,"redirects":2,"published":false},
			{"attempt":2,"generation":1,"waited_ms":11250,"outcome":"ready","ended_at":"2026-11-27T06:00:20Z","status":200,"redirects":0,"published":false,
			"steps":[{"name":"fetch","duration_ms":40},{"name":"render","duration_ms":1200}]}]}`,
		"/products/7/images/9": `{"id":9,"source_url":"https://b/2.jpg","status":"processing","attempts":1}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, known := answers[r.URL.String()]
		if !known {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = w.Write([]byte(answer))
	}))
	defer server.Close()
	for _, c := range []struct {
		args string
		want []string // lines, with spaces as they come
	}{
		{"queue", []string{
			"3 in flight, 64 slots, 2.3 attempts a second in the last minute", "STATE WAITS FOR IMAGES WAITED", "in line turn 10,000+ 1m10s", "begun - 3 -", "later retry 2 -", "parked host 0 -",
			"7 3 10,000+", "The next retry is in 32s.", "1 7 first contacts 2 not known not known", "1,203 7 known 10,000+ 2m0s 1h0m0s",
			"b.example open 0 0 1,000+", "c.example answers 4 4 7", "A worker v1.4.0 2h0m9s 3 64 2 25 % 2,048 MiB 1s ago", "B worker v1.4.0 10s 1 1 0 - - 0s ago, draining",
		}},
		{"queue --history 6h", []string{"OUT WAITING WAITED IN FLIGHT", "2026-11-27T05:55:00Z 1,412 9 3 2,048 MiB 1 MiB 10,000+ 1m15s 12", "2026-11-27T06:00:00Z 0 0 0 - - - - -"}},
		{"queue --history 360m --json", []string{`"length":5`}},
		{"queue --json", []string{`{"as_of":"2026-11-27T06:00:10Z"`}},
		{"hosts", []string{"HOST STATE FAILURES OPEN UNTIL LAST REASON TAKES IN FLIGHT LIMIT PARKED", "a answers 0 - - 340ms 1 4 0"}},
		{"hosts --open", []string{"b open 6 2026-11-27T06:00:30Z source_timeout 30s 0 0 1,000+"}},
		{"hosts --open --json", []string{`{"host":"b"`}},
		{"hosts list --host c", []string{"c answers 0 - - - 0 0 0 98.1 % 180ms 12s"}},
		{"hosts --host d", []string{"d open 0 - - - 0 0 0 0.0 % - -"}},
		{"hosts try b:8080", []string{"b:8080 is tried with one image at a time until it answers; 1 image waits for it."}},
		{"hosts try [::1]", []string{"[::1] is tried with one image at a time until it answers; 1,000+ images wait for it."}},
		{"hosts try b:8080 --json", []string{`{"host":"b:8080","state":"probed"`}},
		{"images 7", []string{"8 pending 2 retry 2026-11-27T06:00:30Z source_timeout https://b/1.jpg", "9 processing 1 - - - https://b/2.jpg"}},
		{"images 7 --json", []string{`"waiting":{"for":"retry"`}},
		{"images attempts 7 8", []string{"ENDED ATTEMPT WAITED OUTCOME STATUS", "2026-11-27T06:00:10Z 1.1 - retried 503 2 fetch 180ms source_unreachable", "2026-11-27T06:00:20Z 1.2 11.25s ready 200 0 fetch 40ms, render 1.2s -"}},
		{"images attempts 7 8 --json", []string{`"steps":[{"name":"fetch","duration_ms":180,`}},
	} {
		var out strings.Builder
		code := Run(t.Context(), &fake{}, Streams{Out: &out, Err: &out}, append(strings.Fields(c.args), "--url", server.URL)...)
		if code != 0 {
			t.Errorf("%q ends with %d: %s", c.args, code, &out)
		}
		var got strings.Builder
		for line := range strings.Lines(out.String()) {
			got.WriteString(strings.Join(strings.Fields(line), " ") + "\n")
		}
		for _, line := range c.want {
			if !strings.Contains(got.String(), line) {
				t.Errorf("%q wrote\n%s\nwithout %s", c.args, &out, line)
			}
		}
	}
	var out strings.Builder
	for args, code := range map[string]int{"queue --history 25h": 64, "queue --history 90s": 64, "queue --history 0.5m": 64, "queue --history -1h": 64, "hosts --open --failing": 64, "hosts try": 64, "hosts try no.example": 1, "images 8": 1, "images x": 64} {
		if got := Run(t.Context(), &fake{}, Streams{Out: &out, Err: &out}, append(strings.Fields(args), "--url", server.URL)...); got != code {
			t.Errorf("%q ends with %d: %s", args, got, &out)
		}
	}
}
