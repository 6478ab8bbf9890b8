package e2e_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"vitrine.dev/internal/failpoint"
	"vitrine.dev/internal/systemtest"
)

// TestDeathsOfAnErasure deletes a user with products by the command, which goes on following
// while one process after the other dies between two steps: each product is deleted once,
// and the stored files of its pictures are collected.
func TestDeathsOfAnErasure(t *testing.T) {
	t.Parallel()
	const products = 60 // two steps of products, and one of the user
	shapes := map[string]map[string]string{"embedded": {}, "PostgreSQL": systemtest.OnlyPostgres(t)}
	systemtest.Run(t, "migrate", shapes["PostgreSQL"])
	photo := systemtest.NewSource(t).URL + "/rocket.jpg"
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := maps.Clone(shape)
			env["DATA_DIR"] = t.TempDir()
			first := systemtest.Start(t, "serve", env)
			c := first.Client()
			user := systemtest.Run(t, "users add Shop", env)
			var paths []string
			for i := range products {
				images := ""
				if i == 0 {
					images = `"` + photo + `"`
				}
				var made struct {
					ID int64 `json:"product_id"`
				}
				c.Decode(c.Send(http.MethodPost, "/products",
					fmt.Sprintf(`{"user_id": %s, "product_name": "Lamp", "product_price": 1, "product_images": [%s]}`, user, images), http.StatusCreated), &made)
				paths = append(paths, fmt.Sprintf("/products/%d", made.ID))
			}
			picture := systemtest.Key(systemtest.Files(c.Finished(paths[0]).Images[0])[0])
			first.Stop()

			refused := systemtest.Finish(t, "users delete "+user, env)
			if code := refused.State().ExitCode(); code != 1 || !strings.Contains(refused.Output(), "has products") {
				t.Errorf("without --cascade it ended with %d and said %q", code, refused.Output())
			}
			follower := systemtest.Start(t, "users delete "+user+" --cascade", env)
			follower.Logged("the job", func(l systemtest.LogLine) bool { return strings.Contains(fmt.Sprint(l["msg"]), "running") })
			crash := maps.Clone(env)
			crash["VITRINE_CRASH_AT"] = string(failpoint.Erased)
			for death := range 3 {
				dying := systemtest.StartVariant(t, systemtest.Mortal, "serve", crash)
				dying.AwaitEnd(fmt.Sprintf("death %d", death))
				if state, _ := dying.State().Sys().(syscall.WaitStatus); state.Signal() != syscall.SIGKILL {
					t.Fatalf("death %d was %s", death, dying.State())
				}
			}
			follower.AwaitEnd("the end of the erasure")
			if out := follower.Output(); follower.State().ExitCode() != 0 || !strings.Contains(out, "done: 60 of 60 products deleted") {
				t.Errorf("it ended with %s and said %q", follower.State(), out)
			}
			c = systemtest.Start(t, "serve", env).Client()
			systemtest.Run(t, "fsck --repair --grace 0s", env)
			for _, path := range append(paths, "/users/"+user, "/images/"+picture) {
				if reply, _ := c.Do(http.MethodGet, path, nil, ""); reply.StatusCode != http.StatusNotFound {
					t.Errorf("%s is answered with %d", path, reply.StatusCode)
				}
			}
			if gone := systemtest.Finish(t, "users delete "+user+" --cascade", env); gone.State().ExitCode() != 1 {
				t.Errorf("a user who is gone: %s, %q", gone.State(), gone.Output())
			}
		})
	}
}
