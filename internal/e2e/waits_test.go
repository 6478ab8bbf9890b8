package e2e_test

import (
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"

	"vitrine.dev/internal/systemtest"
)

// shows runs a command against the API until what it writes has all of the lines,
// whose spaces do not matter.
func shows(t *testing.T, api string, command []string, lines ...string) {
	t.Helper()
	bin := systemtest.Build(t, systemtest.Program)
	last := ""
	defer func() {
		if t.Failed() {
			t.Log(last)
		}
	}()
	systemtest.Eventually(t, strings.Join(command, " ")+" shows"+strings.Join(lines, ","), func() bool {
		out, err := exec.CommandContext(t.Context(), bin, append(command, "--url", api)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v: %s", command, err, out)
		}
		last = string(out)
		var words strings.Builder
		for line := range strings.Lines(last) {
			words.WriteString(" " + strings.Join(strings.Fields(line), " ") + "\n")
		}
		return !slices.ContainsFunc(lines, func(line string) bool { return !strings.Contains(words.String(), line) })
	})
}

// TestWhatWaitsIsShown: while a host that no one has asked before has not sent its first
// picture, the commands show which other waits for it; once it has, what is known of it.
func TestWhatWaitsIsShown(t *testing.T) {
	t.Parallel()
	src := systemtest.NewSource(t)
	api := systemtest.Start(t, "serve", map[string]string{"DATA_DIR": t.TempDir(), "FETCH_TIMEOUT": "10m"}).URL()
	c := systemtest.Client{T: t, URL: api}
	first, second := src.URL+"/held/1", src.URL+"/n/2"
	product := c.Create("waits", first, second)
	id := path.Base(product)
	shows(t, api, []string{"images", id}, " processing 1 - - - "+first, " pending 0 host - - "+second)
	shows(t, api, []string{"queue"}, " parked host 1 ", " begun - 1 ", " 1 1 1\n")
	src.Release()
	c.Finished(product)
	shows(t, api, []string{"images", id}, " ready 1 - - - "+second)
	shows(t, api, []string{"hosts"}, " "+strings.TrimPrefix(src.URL, "http://")+" answers 0 - - ")
	shows(t, api, []string{"queue"}, " parked host 0 -")
}
