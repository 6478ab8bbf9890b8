package cli

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// hookServer answers requests by method, path and query, and keeps what it was asked and sent.
func hookServer(t *testing.T, asked *[]string) string {
	t.Helper()
	const hook = `"id":4,"user_id":1,"url":"https://shop.example/hooks","types":[],"enabled":true,"failures":0,"redelivering":false`
	const delivery = `"id":9,"webhook_id":4,"message_id":"evt_e_7","type":"image.ready","attempts":1,"duration_ms":12`
	answers := map[string]string{
		"GET /webhooks?limit=3": `{"data":[{` + hook + `},
			{"id":5,"user_id":2,"name":"a\u001bb","url":"https://b/","types":["image.ready","image.failed"],"enabled":false,"disabled_reason":"gone","failures":12},
			{"id":6,"user_id":2,"url":"https://c/","types":[],"enabled":true,"failures":3,"paused_until":"2026-11-27T06:00:30Z"}]}`,
		"GET /webhooks?limit=100&user_id=2":                 `{"data":[]}`,
		"POST /webhooks":                                    `{` + hook + `,"secret":"whsec_x"}`,
		"PATCH /webhooks/4":                                 `{` + hook + `}`,
		"POST /webhooks/4/rotate-secret":                    `{` + hook + `,"secret":"whsec_y"}`,
		"POST /webhooks/4/test":                             `{` + delivery + `,"state":"waiting"}`,
		"GET /webhooks/4/deliveries?limit=100&state=failed": `{"data":[{` + delivery + `,"state":"failed","status":500,"attempted_at":"2026-11-27T06:00:00Z"}]}`,
		"GET /webhooks/4/deliveries?limit=100":              `{"data":[{` + delivery + `,"state":"waiting","error":"no answer","next_at":"2026-11-27T06:00:30Z"}]}`,
		"POST /webhooks/4/deliveries/9/redeliver":           `{` + delivery + `,"state":"waiting"}`,
		"POST /webhooks/4/redeliver":                        `{` + hook + `}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		what := r.Method + " " + r.URL.String()
		*asked = append(*asked, strings.TrimSpace(what+" "+string(body)))
		answer, known := answers[what]
		switch {
		case strings.Contains(r.URL.Path, "/422"):
			w.WriteHeader(http.StatusUnprocessableEntity)
		case strings.Contains(r.URL.Path, "/503"):
			w.WriteHeader(http.StatusServiceUnavailable)
		case what == "DELETE /webhooks/4":
			w.WriteHeader(http.StatusNoContent)
		case !known:
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprint(w, answer)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestWebhooks: each command asks for what its flags say, and prints what the API answers, as text and
// as it is. Secrets are alone on the output.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	var asked []string
	url := hookServer(t, &asked)
	for _, c := range []struct {
		args  string
		asked string
		out   string // lines, with spaces as they come
		err   string
	}{
		{
			"list --limit 3", "GET /webhooks?limit=3",
			"ID USER STATE FAILURES TYPES NAME URL\n4 1 enabled 0 all - https://shop.example/hooks\n" +
				"5 2 disabled (gone) 12 image.ready,image.failed \"a\\x1bb\" https://b/\n6 2 paused until 2026-11-27T06:00:30Z 3 all - https://c/\n", "",
		},
		{"list --user 2", "GET /webhooks?limit=100&user_id=2", "", ""},
		{"create https://shop.example/hooks", `POST /webhooks {"url":"https://shop.example/hooks"}`, "whsec_x\n", "webhook 4 of user 1 is made. Keep the secret now"},
		{
			"create https://s/ --name front --types image.ready,image.failed --user 1 --secret whsec_x",
			`POST /webhooks {"name":"front","secret":"whsec_x","types":["image.ready","image.failed"],"url":"https://s/","user_id":1}`, "whsec_x\n", "webhook 4",
		},
		{"update 4 --disable", `PATCH /webhooks/4 {"enabled":false}`, "webhook 4 is changed: enabled, sent to https://shop.example/hooks\n", ""},
		{
			"update 4 --enable --send-to https://s/ --name n --types image.ready",
			`PATCH /webhooks/4 {"enabled":true,"name":"n","types":["image.ready"],"url":"https://s/"}`, "webhook 4 is changed: enabled, sent to https://shop.example/hooks\n", "",
		},
		{"update 4 --all-types", `PATCH /webhooks/4 {"types":null}`, "webhook 4 is changed: enabled, sent to https://shop.example/hooks\n", ""},
		{"delete 4", "DELETE /webhooks/4", "webhook 4 is deleted\n", ""},
		{"delete 4 --json", "DELETE /webhooks/4", "", ""},
		{"rotate 4", `POST /webhooks/4/rotate-secret {"overlap":86400}`, "whsec_y\n", "webhook 4 of user 1 has a new secret"},
		{"rotate 4 --overlap 0s --secret whsec_z", `POST /webhooks/4/rotate-secret {"overlap":0,"secret":"whsec_z"}`, "whsec_y\n", "webhook 4"},
		{"test 4", `POST /webhooks/4/test {}`, "image.ready evt_e_7 is sent: vitrine webhooks deliveries 4 says how it ended\n", ""},
		{"test 4 --type image.failed", `POST /webhooks/4/test {"type":"image.failed"}`, "image.ready evt_e_7 is sent: vitrine webhooks deliveries 4 says how it ended\n", ""},
		{
			"deliveries 4 --state failed", "GET /webhooks/4/deliveries?limit=100&state=failed",
			"ID EVENT TYPE STATE ATTEMPTS ANSWER TOOK LAST NEXT\n9 evt_e_7 image.ready failed 1 500 12ms 2026-11-27T06:00:00Z -\n", "",
		},
		{
			"deliveries 4", "GET /webhooks/4/deliveries?limit=100",
			"ID EVENT TYPE STATE ATTEMPTS ANSWER TOOK LAST NEXT\n9 evt_e_7 image.ready waiting 1 no answer 12ms - 2026-11-27T06:00:30Z\n", "",
		},
		{"redeliver 4 9", "POST /webhooks/4/deliveries/9/redeliver", "image.ready evt_e_7 is sent: vitrine webhooks deliveries 4 says how it ended\n", ""},
		{"redeliver 4 --after evt_e_1", `POST /webhooks/4/redeliver {"after":"evt_e_1"}`, "the events after evt_e_1 are sent to webhook 4 again\n", ""},
		{"redeliver 4 --after evt_e_1 --until evt_e_5", `POST /webhooks/4/redeliver {"after":"evt_e_1","until":"evt_e_5"}`, "the events after evt_e_1 are sent to webhook 4 again\n", ""},
	} {
		asked = nil
		var out, said bytes.Buffer
		code := Run(t.Context(), &fake{}, Streams{Out: &out, Err: &said}, append([]string{"webhooks", "--url", url}, strings.Fields(c.args)...)...)
		var got strings.Builder
		for line := range strings.Lines(out.String()) {
			got.WriteString(strings.Join(strings.Fields(line), " ") + "\n")
		}
		if code != 0 || strings.Join(asked, "\n") != c.asked || got.String() != c.out || !strings.HasPrefix(said.String(), c.err) {
			t.Errorf("%q ends with %d, asked %q, wrote\n%s\nsaid %s", c.args, code, asked, &got, &said)
		}
	}
	for args, want := range map[string]string{
		"list --limit 3": `{"id":4,"user_id":1,`, "create https://s/": `,"secret":"whsec_x"}`, "rotate 4": `,"secret":"whsec_y"}`, "update 4 --disable": `{"id":4,`,
		"test 4": `"state":"waiting"}`, "deliveries 4": `"error":"no answer"`, "redeliver 4 9": `{"id":9,`, "redeliver 4 --after evt_e_1": `{"id":4,`,
	} {
		var out, said bytes.Buffer
		code := Run(t.Context(), &fake{}, Streams{Out: &out, Err: &said}, append([]string{"webhooks", "--url", url, "--json"}, strings.Fields(args)...)...)
		if code != 0 || !strings.HasPrefix(out.String(), "{") || !strings.Contains(out.String(), want) || said.Len() > 0 {
			t.Errorf("%q as JSON ends with %d: %s%s", args, code, &out, &said)
		}
	}
}

// TestWebhooksEnd: the exit code says what went wrong.
func TestWebhooksEnd(t *testing.T) {
	t.Parallel()
	var asked []string
	url := hookServer(t, &asked)
	for args, want := range map[string]int{
		"update 4": 64, "update 4 --enable --disable": 64, "update 4 --types x --all-types": 64, "redeliver 4": 64, "redeliver 4 9 --after evt_e_1": 64,
		"redeliver 4 9 --until evt_e_1": 64, "deliveries 4 --state lost": 64, "create": 64, "delete x": 64, "": 64, "rotate 4 --overlap soon": 64,
		"update 422 --enable": 64, "test 422": 64, "deliveries 422": 64, "delete 503": 69, "rotate 503": 69, "deliveries 503": 69, "delete 7": 1, "test 7": 1, "deliveries 7": 1,
	} {
		var out, said bytes.Buffer
		code := Run(t.Context(), &fake{}, Streams{Out: &out, Err: &said}, append([]string{"webhooks", "--url", url}, strings.Fields(args)...)...)
		if code != want || out.Len() > 0 || said.Len() == 0 {
			t.Errorf("%q ends with %d, not %d: %s%s", args, code, want, &out, &said)
		}
	}
	var said bytes.Buffer
	if code := Run(t.Context(), &fake{}, Streams{Out: &said, Err: &said}, "webhooks", "list", "--url", "http://127.0.0.1:1"); code != 69 {
		t.Errorf("without a server it ends with %d: %s", code, &said)
	}
}
