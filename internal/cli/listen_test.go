package cli

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"vitrine.dev/internal/webhook"
)

// TestListen: each event reaches the receiver as a webhook that its library verifies.
func TestListen(t *testing.T) {
	t.Parallel()
	secret := webhook.NewSecret()
	verifier, err := standardwebhooks.NewWebhook(secret.String())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = verifier.Verify(body, r.Header)
		}
		var m webhook.Message
		if err == nil {
			err = json.Unmarshal(body, &m)
		}
		if err != nil || m.ID != r.Header.Get("webhook-id") || m.Data.Sequence == 0 || m.Data.Product.Revision == 0 {
			t.Errorf("%s: %v", body, err)
		}
		got = append(got, m.ID)
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(http.StatusTemporaryRedirect)
	}))
	t.Cleanup(receiver.Close)
	run, asked := eventServer(t, []string{firstPage, `unavailable`, secondPage})
	code, out, errs := run("listen", "--forward-to", receiver.URL, "--secret", secret.String(), "--types", "product.updated,image.retrying")
	if code != 0 || strings.Join(got, " ") != "evt_e_1 evt_e_11" || strings.Count(out, "307 Temporary Redirect in ") != 2 || !strings.Contains(errs, "--after evt_e_12 goes on") {
		t.Errorf("%d, forwarded %q, wrote\n%s%s", code, got, out, errs)
	}
	if first := asked()[0]; !strings.Contains(first, "after=latest") || !strings.Contains(first, "wait=10") {
		t.Errorf("asked for %s", first)
	}
	for _, args := range [][]string{
		{"listen"}, {"listen", "--forward-to", "localhost:80"}, {"listen", "--forward-to", receiver.URL, "--secret", "whsec_x"}, {"trigger", "image.ready"},
	} {
		if code, _, errs := run(args...); code != 64 || errs == "" {
			t.Errorf("%q: %d, %s", args, code, errs)
		}
	}
}

func TestTrigger(t *testing.T) {
	t.Parallel()
	run, asked := eventServer(t, []string{`{"id":9,"webhook_id":4,"message_id":"test_x","type":"image.ready","state":"waiting"}`})
	if code, out, errs := run("trigger", "image.ready", "--webhook", "4"); code != 0 || !strings.HasPrefix(out, "test_x is sent") || asked()[0] != "/webhooks/4/test " {
		t.Errorf("%d, %s%s; asked for %q", code, out, errs, asked())
	}
}
