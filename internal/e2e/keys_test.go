package e2e_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/systemtest"
)

// TestKeys makes the first key on the command line, and others with it; two processes
// share them, and what is revoked at one is refused at the other, long before what it
// remembers of keys would have it look again.
func TestKeys(t *testing.T) {
	t.Parallel()
	for name, env := range map[string]map[string]string{"embedded": {"DATA_DIR": t.TempDir()}, "servers": systemtest.SharedServers(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := maps.Clone(env)
			env["AUTH"] = "on"
			role := "serve"
			if name == "servers" {
				systemtest.Run(t, "migrate", env)
				role = "api"
			}
			process := systemtest.Start(t, role, env)
			here := process.Client()
			there := here
			if name == "servers" {
				there = systemtest.Start(t, role, env).Client()
			}
			process.Logged("how to make the first key", systemtest.Msg("no API key can be used yet, so every request is refused; make the first one"))

			admin := key(t, systemtest.Run(t, "keys create --admin --name admin", env))
			user := systemtest.Run(t, "users add Shop", env)
			call := func(c systemtest.Client, key, method, path, body string, status int) []byte {
				t.Helper()
				got, answer := c.Do(method, path, map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + key}, body)
				if got.StatusCode != status {
					t.Fatalf("%s %s answered %d, want %d: %s", method, path, got.StatusCode, status, answer)
				}
				return answer
			}
			if got, answer := here.Do(http.MethodGet, "/products", nil, ""); got.StatusCode != http.StatusUnauthorized {
				t.Errorf("without a key: %d: %s", got.StatusCode, answer)
			}
			var shop wire.CreatedKey
			here.Decode(call(here, admin, http.MethodPost, "/keys", fmt.Sprintf(`{"user_id":%s,"name":"shop","scopes":["products:read","products:write"]}`, user), http.StatusCreated), &shop)
			var created wire.Created
			here.Decode(call(there, shop.Secret, http.MethodPost, "/products", `{"product_name":"Lamp","product_price":1}`, http.StatusCreated), &created)
			path := fmt.Sprintf("/products/%d", created.ProductID)
			call(here, shop.Secret, http.MethodGet, path, "", http.StatusOK)
			stranger := key(t, systemtest.Run(t, "keys create --user 1 --name stranger --scope products:read,products:write", env))
			call(here, stranger, http.MethodGet, path, "", http.StatusNotFound) // what is in the cache, too
			call(there, stranger, http.MethodDelete, path, "", http.StatusNotFound)

			call(there, shop.Secret, http.MethodGet, path, "", http.StatusOK)
			call(here, admin, http.MethodDelete, fmt.Sprintf("/keys/%d", shop.ID), "", http.StatusOK)
			began := time.Now()
			for _, c := range []systemtest.Client{here, there} {
				for {
					got, _ := c.Do(http.MethodGet, path, map[string]string{"Authorization": "Bearer " + shop.Secret}, "")
					if got.StatusCode == http.StatusUnauthorized {
						break
					}
					if time.Since(began) > 20*time.Second { // a key is looked up again after 30 seconds
						t.Fatal("a revoked key is still accepted")
					}
					time.Sleep(10 * time.Millisecond)
				}
			}
			t.Logf("refused everywhere after %s", time.Since(began))

			listed := systemtest.Run(t, "keys list --user "+user, env)
			if !strings.Contains(listed, shop.Prefix) || !strings.Contains(listed, "revoked") || strings.Contains(listed, shop.Secret) {
				t.Errorf("listed %q", listed)
			}
			if audit := systemtest.Run(t, "audit", env); strings.Count(audit, "\n") != 4 || !strings.Contains(audit, "key.revoke") {
				t.Errorf("the audit log has %q", audit)
			}
			refused := systemtest.Finish(t, "queue --url "+here.URL, env)
			if refused.State().Success() || !strings.Contains(refused.Output(), "VITRINE_API_KEY") {
				t.Errorf("without a key queue printed %q", refused.Output())
			}
			env["VITRINE_API_KEY"] = admin
			if got := systemtest.Run(t, "queue --url "+here.URL, env); !strings.Contains(got, "slots") {
				t.Errorf("queue printed %q", got)
			}
		})
	}
}

// key is the API key in what a command printed.
func key(t *testing.T, output string) string {
	t.Helper()
	for line := range strings.SplitSeq(output, "\n") {
		if strings.HasPrefix(line, "vit_") {
			return line
		}
	}
	t.Fatalf("there is no key in %q", output)
	return ""
}
