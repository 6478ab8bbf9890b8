package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/webhook"
)

func read[T any](t *testing.T, w *httptest.ResponseRecorder) (v T) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return v
}

// TestWebhooks: what a user does with an endpoint. Its secret is in two answers only.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, openSQLite(t))
	key := m.key(m.owner, auth.Webhooks).Secret
	do := func(method, path, body string, status int) *httptest.ResponseRecorder {
		t.Helper()
		w := m.as(key, method, path, body)
		wantStatus(t, w, status)
		return w
	}
	w := do(http.MethodPost, "/webhooks", `{"url":"https://shop.example/hook","name":"shop","types":["image.ready"]}`, http.StatusCreated)
	made := read[wire.CreatedWebhook](t, w)
	path := w.Header().Get("Location")
	if _, err := webhook.ParseSecret(made.Secret); err != nil || path != pathOf("/webhooks", made.ID) || !made.Enabled || made.UserID != m.owner {
		t.Errorf("%s at %s: %v", w.Body, path, err)
	}
	rotated := read[wire.CreatedWebhook](t, do(http.MethodPost, path+"/rotate-secret", `{"overlap":60}`, http.StatusOK))
	if rotated.Secret == made.Secret || rotated.OldSecretUntil == nil || time.Until(*rotated.OldSecretUntil) > time.Minute+time.Second {
		t.Errorf("%+v", rotated)
	}
	test := read[wire.Delivery](t, do(http.MethodPost, path+"/test", `{"type":"product.created"}`, http.StatusAccepted))
	if test.State != "waiting" || test.Request == nil || test.Request.Headers["webhook-id"] != test.MessageID || !strings.Contains(test.Request.Body, `"test":true`) {
		t.Errorf("%+v", test)
	}
	again := fmt.Sprintf("%s/deliveries/%d/redeliver", path, test.ID)
	do(http.MethodPost, again, "", http.StatusAccepted)
	for _, shown := range []*httptest.ResponseRecorder{
		do(http.MethodGet, path, "", http.StatusOK), do(http.MethodGet, "/webhooks", "", http.StatusOK), do(http.MethodGet, path+"/deliveries", "", http.StatusOK),
		do(http.MethodPatch, path, `{"types":null,"enabled":false}`, http.StatusOK),
	} {
		if strings.Contains(shown.Body.String(), "whsec_") || strings.Contains(shown.Body.String(), `"secret"`) {
			t.Errorf("a secret is shown: %s", shown.Body)
		}
		wantHeader(t, shown, "Cache-Control", "no-store")
	}
	off := read[wire.Webhook](t, do(http.MethodGet, path, "", http.StatusOK))
	if off.Enabled || off.DisabledReason != "request" || off.DisabledAt == nil || len(off.Types) != 0 {
		t.Errorf("%+v", off)
	}
	do(http.MethodPost, path+"/test", `{}`, http.StatusConflict)
	do(http.MethodPost, again, "", http.StatusConflict)
	do(http.MethodPatch, path, `{"enabled":true}`, http.StatusOK)
	m.failed()
	claims, err := m.db.ClaimWebhooks(t.Context(), "a")
	if err != nil || len(claims) != 1 {
		t.Fatalf("%+v, %v", claims, err)
	}
	outcome := webhook.Outcome{Progress: webhook.Progress{Position: claims[0].Position + 1}, Results: []webhook.Result{{
		Delivery: webhook.Delivery{EventID: 1 << 40, MessageID: "evt_e_1", Type: events.ImageReady, State: webhook.Delivered, Attempts: 1, Status: 204},
	}, {Delivery: webhook.Delivery{
		EventID: 1, MessageID: "evt_e_1", Type: events.ImageReady, State: webhook.Failed, Attempts: 10, Status: 500, Body: []byte("{}"), Answer: []byte("no \xff"),
	}}}}
	same := func(h webhook.Health, _ time.Time) (webhook.Health, bool) { return h, false }
	if _, err := m.db.RecordOutcome(t.Context(), made.ID, "a", outcome, same); err != nil {
		t.Fatal(err)
	}
	do(http.MethodPost, path+"/redeliver", `{"after":"evt_e_0","until":"evt_e_9"}`, http.StatusAccepted)
	do(http.MethodPost, path+"/redeliver", `{"after":"evt_e_0"}`, http.StatusConflict)
	list := read[wire.Page[wire.Delivery]](t, do(http.MethodGet, path+"/deliveries?state=failed", "", http.StatusOK))
	if len(list.Data) != 1 || list.Data[0].Answer != "no \uFFFD" || list.Data[0].Status != 500 {
		t.Errorf("%+v", list)
	}
	list = read[wire.Page[wire.Delivery]](t, do(http.MethodGet, path+"/deliveries?limit=2", "", http.StatusOK))
	if len(list.Data) != 2 || list.Data[1].State != "delivered" || list.Data[1].Request != nil || list.NextCursor == "" {
		t.Errorf("%+v", list)
	}
	rest := read[wire.Page[wire.Delivery]](t, do(http.MethodGet, path+"/deliveries?limit=2&cursor="+list.NextCursor, "", http.StatusOK))
	if len(rest.Data) != 1 || rest.Data[0].ID != test.ID || rest.NextCursor != "" {
		t.Errorf("%+v", rest)
	}
	do(http.MethodPost, fmt.Sprintf("%s/deliveries/%d/redeliver", path, list.Data[1].ID), "", http.StatusConflict) // its event is gone
	do(http.MethodPost, path+"/deliveries/4711/redeliver", "", http.StatusNotFound)
	for len(read[wire.Page[wire.Webhook]](t, do(http.MethodGet, "/webhooks?limit=100", "", http.StatusOK)).Data) < webhook.MaxPerUser {
		do(http.MethodPost, "/webhooks", `{"url":"https://shop.example/hook"}`, http.StatusCreated)
	}
	do(http.MethodPost, "/webhooks", `{"url":"https://shop.example/hook"}`, http.StatusConflict)
	do(http.MethodDelete, path, "", http.StatusNoContent)
	do(http.MethodGet, path, "", http.StatusNotFound)
	do(http.MethodDelete, path, "", http.StatusNotFound)
}

// TestWebhooksRefused: every field that is wrong is named, with the reason.
func TestWebhooksRefused(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, openSQLite(t))
	key, path := m.key(m.owner, auth.Webhooks).Secret, pathOf("/webhooks", m.hook().ID)
	for _, c := range []struct {
		method, path, body string
		errors             []string
	}{
		{"POST", "/webhooks", `{"types":["image.retrying",7],"id":1}`, []string{"url is required", "id is set by the server", "types[1] must be a string"}},
		{"POST", "/webhooks", `{"url":"http://127.0.0.1/","types":["image.ready","image.ready"],"secret":"whsec_AAAA"}`, []string{
			"url cannot be used: it is private", "types[1] must not be given twice", "secret must be whsec_",
		}},
		{"PATCH", path, `{"url":null,"enabled":1,"secret":"x","user_id":2,"failures":0}`, []string{
			"url must not be null", "enabled must be true or false", "secret is changed by POST", "user_id cannot be changed", "failures is set by the server",
		}},
		{"POST", path + "/rotate-secret", `{"overlap":2592001,"secret":"7"}`, []string{"overlap must be from 0 to 2592000", "secret must be whsec_"}},
		{"POST", path + "/rotate-secret", `{"overlap":-1}`, []string{"overlap must be from 0"}},
		{"POST", path + "/test", `{"type":"image.shown"}`, []string{"type must be one of product.created"}},
		{"POST", path + "/redeliver", `{"until":"evt_other_1"}`, []string{"after is required"}},
		{"POST", path + "/redeliver", `{"after":"evt_other_1","until":"7"}`, []string{"after is the id of an event before", "until is not the id"}},
		{"GET", path + "/deliveries?state=lost&cursor=x", "", []string{"state must be one of", "cursor must be the next_cursor"}},
		{"GET", "/webhooks?user_id=x&cursor=AAAA", "", []string{"user_id must be", "cursor must be"}},
	} {
		w := m.as(key, c.method, c.path, c.body)
		wantStatus(t, w, http.StatusUnprocessableEntity)
		for _, want := range c.errors {
			name, reason, _ := strings.Cut(want, " ")
			name = strings.NewReplacer("[", "/", "]", "").Replace(name) // as a pointer has it
			if body := w.Body.String(); !strings.Contains(body, reason) || !strings.Contains(body, name) {
				t.Errorf("%s %s: want %q in %s", c.method, c.path, want, w.Body)
			}
		}
	}
	wantStatus(t, m.as(key, http.MethodGet, fmt.Sprintf("/webhooks?user_id=%d", m.other), ""), http.StatusForbidden)
	wantStatus(t, m.as(key, http.MethodPost, "/webhooks", fmt.Sprintf(`{"url":"https://a.example/","user_id":%d}`, m.other)), http.StatusForbidden)
}
