package testserver

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// pretendSet says that an outer set is there, so that Run starts no server but
// those named.
func pretendSet(t *testing.T, start ...*engine) {
	t.Helper()
	for _, e := range engines() {
		t.Setenv(e.variable, "127.0.0.1:1 none")
	}
	for _, e := range start {
		t.Setenv(e.variable, "")
	}
}

func TestRunPassesAddressesAndStopsTheSet(t *testing.T) {
	newRedisOrSkip(t)
	pretendSet(t, redisEngine)
	note := t.TempDir() + "/note"
	var stderr bytes.Buffer
	code := Run(t.Context(), &stderr, []string{"--", "/bin/sh", "-c", `echo "$VITRINE_TEST_REDIS" >"$0"`, note})
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	text, err := os.ReadFile(note)
	if err != nil {
		t.Fatal(err)
	}
	addr, _, ok := strings.Cut(string(text), " ")
	if !ok {
		t.Fatalf("the command saw %q", text)
	}
	if err := pingRedis(t.Context(), addr); err == nil {
		t.Error("the server outlives the command")
	}
}

func TestRunReturnsTheExitCode(t *testing.T) {
	pretendSet(t)
	for name, c := range map[string]struct {
		argv []string
		want int
	}{
		"success":   {[]string{"true"}, 0},
		"failure":   {[]string{"/bin/sh", "-c", "exit 7"}, 7},
		"killed":    {[]string{"/bin/sh", "-c", "kill -KILL $$"}, 128 + 9},
		"not there": {[]string{"/no/such/command"}, 127},
		"no args":   {nil, 2},
	} {
		var stderr bytes.Buffer
		if got := Run(t.Context(), &stderr, c.argv); got != c.want {
			t.Errorf("%s: exit code %d, want %d: %s", name, got, c.want, &stderr)
		}
	}
}

func newRedisOrSkip(t *testing.T) {
	t.Helper()
	skipShort(t)
	server, err := newRedis()
	check(t, err)
	server.close()
}

// holderVariable makes this test binary the process that TestKilledProcess…
// kills: it starts a Redis, prints where, and waits.
const holderVariable = "VITRINE_TEST_HOLD"

func TestMain(m *testing.M) {
	if os.Getenv(holderVariable) != "" {
		os.Exit(hold())
	}
	os.Exit(m.Run())
}

func hold() int {
	server, err := redisEngine.launch(context.Background())
	if err != nil {
		return 1
	}
	_, _ = os.Stdout.WriteString("HOLDING " + server.addr + " " + server.folder + "\n")
	_, _ = os.Stdin.Read(make([]byte, 1)) // until killed
	return 0
}

func TestKilledProcessLeavesNothing(t *testing.T) {
	t.Parallel()
	newRedisOrSkip(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), holderVariable+"=1")
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(line)
	if len(words) != 3 || words[0] != "HOLDING" {
		t.Fatalf("the child says %q", line)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	gone := func() bool {
		_, err := os.Stat(words[2])
		return os.IsNotExist(err) && pingRedis(t.Context(), words[1]) != nil
	}
	if !eventually(t, gone) {
		t.Errorf("server %s or folder %s is still there", words[1], words[2])
	}
}

func eventually(t *testing.T, done func() bool) bool {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-limit.C:
			return false
		}
	}
	return true
}
