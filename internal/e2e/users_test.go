package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"vitrine.dev/internal/systemtest"
)

// TestUsersAreAdded adds users beside a running process, which knows them at
// once, on both databases.
func TestUsersAreAdded(t *testing.T) {
	t.Parallel()
	shapes := map[string]map[string]string{"embedded": {}}
	server := systemtest.OnlyPostgres(t)
	systemtest.Run(t, "migrate", server)
	shapes["PostgreSQL"] = server
	for name, env := range shapes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := maps.Clone(env)
			env["DATA_DIR"] = t.TempDir()
			if name == "embedded" {
				early := systemtest.Start(t, "users list", env)
				early.AwaitEnd("there is no database yet")
				if code := early.State().ExitCode(); code != 69 {
					t.Errorf("without a database it ended with %d and said %q", code, early.Output())
				}
			}
			c := systemtest.Start(t, "serve", env).Client()
			product := func(user int64) int {
				got, _ := c.Do(http.MethodPost, "/products", map[string]string{"Content-Type": "application/json"},
					fmt.Sprintf(`{"user_id": %d, "product_name": "Lamp", "product_price": 1, "product_images": []}`, user))
				return got.StatusCode
			}
			type userLine struct {
				ID   int64
				Name string
			}
			var added userLine
			c.Decode([]byte(systemtest.Run(t, "users add Shop --json", env)), &added)
			if added.ID < 2 || added.Name != "Shop" {
				t.Errorf("added %+v", added)
			}
			if status := product(added.ID); status != http.StatusCreated {
				t.Errorf("a product of the new user: %d", status)
			}
			if status := product(added.ID + 1); status != http.StatusUnprocessableEntity {
				t.Errorf("a product of the next user: %d", status)
			}
			if got := systemtest.Run(t, "users add Shop", env); got != strconv.FormatInt(added.ID+1, 10) {
				t.Errorf("users add printed %q", got)
			}
			var listed []userLine
			for line := range strings.SplitSeq(systemtest.Run(t, "users list --json", env), "\n") {
				var u userLine
				c.Decode([]byte(line), &u)
				listed = append(listed, u)
			}
			if len(listed) != 3 || listed[1] != added || listed[2].ID != added.ID+1 {
				t.Errorf("listed %+v", listed)
			}
			if got := strings.Split(systemtest.Run(t, "users list", env), "\n"); len(got) != 3 || !strings.HasSuffix(got[1], "\tShop") {
				t.Errorf("listed %q", got)
			}
			refused := systemtest.Start(t, "users add \u200b", env)
			refused.AwaitEnd("the name is empty")
			if code := refused.State().ExitCode(); code != 64 || !strings.Contains(refused.Output(), "name must not be empty") {
				t.Errorf("an invisible name ended with %d and said %q", code, refused.Output())
			}
		})
	}
}

// TestVersionNamesTheBuild reads what the toolchain recorded.
func TestVersionNamesTheBuild(t *testing.T) {
	t.Parallel()
	var build struct{ Version, Go, Platform string }
	answer := systemtest.Run(t, "version --json", nil)
	if err := json.Unmarshal([]byte(answer), &build); err != nil || build.Version == "" || !strings.HasPrefix(build.Go, "go1.") {
		t.Errorf("version --json = %s, %v", answer, err)
	}
	if got := systemtest.Run(t, "version", nil); !strings.HasPrefix(got, "vitrine "+build.Version+", ") || !strings.HasSuffix(got, build.Platform) {
		t.Errorf("version = %s", got)
	}
}
