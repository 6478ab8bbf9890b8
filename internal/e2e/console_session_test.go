package e2e_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/systemtest"
)

// sessionEnds is how long a session goes on at most after its key was revoked.
const sessionEnds = 2 * time.Second

// TestConsoleSessionEnds: a session that was begun at one process is good at another; it ends at both with its key, wherever
// that was revoked, and where it was signed out. An open page says so by itself.
func TestConsoleSessionEnds(t *testing.T) {
	t.Parallel()
	env := systemtest.OwnPostgres(t)
	env["AUTH"] = "on"
	systemtest.Run(t, "migrate", env)
	admin := key(t, systemtest.Run(t, "keys create --admin --name admin", env))
	processes := []systemtest.Client{systemtest.Start(t, "api", env).Client(), systemtest.Start(t, "api", env).Client()}
	headers := map[string]string{"Authorization": "Bearer " + admin, "Content-Type": jsonType}
	// 403 with the session, as an operator sees no settings; 200 without one: that is where one signs in.
	status := func(c systemtest.Client, session string) int {
		got, _ := c.Do(http.MethodGet, "/console/settings", map[string]string{"Cookie": session}, "")
		return got.StatusCode
	}
	for name, end := range map[string]func(b *tab, operator wire.CreatedKey){
		"the key is revoked at the other process": func(_ *tab, operator wire.CreatedKey) {
			processes[1].Do(http.MethodDelete, fmt.Sprintf("/keys/%d", operator.ID), headers, "")
		},
		"signed out in another tab": func(b *tab, _ wire.CreatedKey) {
			other := openTabIn(b, "/console/hosts")
			other.click(`form[action="/console/logout"] button`)
			other.says("Sign in to Vitrine")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var operator wire.CreatedKey
			_, answer := processes[0].Do(http.MethodPost, "/keys", headers, `{"user_id":1,"name":"operator","scopes":["operator"]}`)
			processes[0].Decode(answer, &operator)
			b := openTab(t, processes[0].URL)
			s := &consoleSite{Client: processes[0]}
			s.T = t
			s.signIn(b, operator.Secret, "/console/workers")
			b.says("processes alive")
			session := b.cookie("vitrine_session")
			for i, c := range processes {
				if got := status(c, session); got != http.StatusForbidden {
					t.Fatalf("process %d answers %d with the session", i, got)
				}
			}
			end(b, operator)
			ended := time.Now()
			for i, c := range processes {
				systemtest.Eventually(t, "the end of the session", func() bool { return status(c, session) == http.StatusOK })
				if took := time.Since(ended); took > sessionEnds {
					t.Errorf("process %d: the session went on for %v", i, took)
				} else {
					t.Logf("process %d refused the session after %v", i, took)
				}
			}
			b.says("Sign in to Vitrine") // by itself
			b.quiet("the end of a session", "status of 401")
		})
	}
}
