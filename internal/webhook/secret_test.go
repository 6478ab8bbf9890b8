package webhook_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"vitrine.dev/internal/webhook"
)

// TestVerifier: the specification's own library accepts what is signed, by each secret, and
// nothing that is changed.
func TestVerifier(t *testing.T) {
	t.Parallel()
	now, body, secrets := time.Now(), []byte(`{"type":"image.ready","data":{"a":"ü."}}`), []webhook.Secret{webhook.NewSecret(), webhook.NewSecret()}
	header := func(id string, at time.Time, signature string) http.Header {
		h := http.Header{}
		h.Set("webhook-id", id)
		h.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
		h.Set("webhook-signature", signature)
		return h
	}
	signature := webhook.Sign("evt_a_1", now, body, secrets...)
	for _, s := range secrets {
		v, err := standardwebhooks.NewWebhook(s.String())
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Verify(body, header("evt_a_1", now, signature)); err != nil {
			t.Error(err)
		}
		if v.Verify(body, header("evt_a_2", now, signature)) == nil || v.Verify(append(body, ' '), header("evt_a_1", now, signature)) == nil ||
			v.Verify(body, header("evt_a_1", now.Add(time.Second), signature)) == nil {
			t.Error("something else was accepted")
		}
	}
	other, err := standardwebhooks.NewWebhook(webhook.NewSecret().String())
	if err != nil {
		t.Fatal(err)
	}
	if other.Verify(body, header("evt_a_1", now, signature)) == nil {
		t.Error("another secret verifies")
	}
	const want = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" // of the specification's libraries' tests
	key, err := webhook.ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	if got := webhook.Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`), key); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestParseSecret(t *testing.T) {
	t.Parallel()
	of := func(n int) string {
		return "whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, n))
	}
	for text, good := range map[string]bool{
		of(24): true, of(32): true, of(64): true, of(23): false, of(65): false, "": false, "whsec_": false,
		strings.TrimPrefix(of(24), "whsec_"): false, "whpk_" + of(24): false, of(25)[:len(of(25))-1]: false, of(24) + "\n": false, of(24) + " ": false,
		"whsec_" + base64.URLEncoding.EncodeToString(bytes.Repeat([]byte{0xfb, 0xff}, 16)): false,
	} {
		s, err := webhook.ParseSecret(text)
		if (err == nil) != good || good && s.String() != text {
			t.Errorf("%q: %v", text, err)
		}
	}
	if s := webhook.NewSecret(); len(s) < webhook.MinSecretBytes || s.String() == webhook.NewSecret().String() {
		t.Errorf("drew %s", s)
	}
}

func TestBox(t *testing.T) {
	t.Parallel()
	box := func(key string) webhook.Box {
		b, err := webhook.NewBox(key)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	plain, one, other := box(""), box(strings.Repeat("k", 32)), box(strings.Repeat("l", 32))
	s := webhook.NewSecret()
	sealed := one.Seal(s, 7)
	if strings.Contains(string(sealed), s.String()) || one.Seal(s, 7) == sealed || !one.Encrypts() || plain.Encrypts() {
		t.Errorf("sealed as %s", sealed)
	}
	for name, c := range map[string]struct {
		box    webhook.Box
		sealed webhook.Sealed
		user   int64
		good   bool
	}{
		"its own": {one, sealed, 7, true}, "another user's": {one, sealed, 8, false}, "another key": {other, sealed, 7, false},
		"no key": {plain, sealed, 7, false}, "plain": {plain, plain.Seal(s, 7), 7, true}, "plain, with a key since": {one, plain.Seal(s, 7), 7, true},
		"changed": {one, sealed[:len(sealed)-4] + "AAA=", 7, false}, "empty": {one, "", 7, false}, "short": {one, "aes-256-gcm:AAAA", 7, false},
	} {
		got, err := c.box.Open(c.sealed, c.user)
		if (err == nil) != c.good || c.good && !bytes.Equal(got, s) {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}
