package e2e_test

import (
	"bufio"
	"encoding/json"
	"io"
	"maps"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"vitrine.dev/internal/systemtest"
)

// patience bounds every wait of these tests; on an idle machine all of it
// takes seconds.
const patience = 2 * time.Minute

func TestMain(m *testing.M) { systemtest.Main(m) }

// process is one running role.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	done chan struct{}

	mu    sync.Mutex
	lines []logLine
	raw   []string
	more  chan struct{} // closed and replaced at every new line
}

type logLine map[string]any

// start runs a role of the program.
func start(t *testing.T, role string, env map[string]string) *process {
	t.Helper()
	return launch(t, systemtest.Build(t, systemtest.Program), role, env)
}

// launch runs a role of a build, whose flags follow it, with nothing in its
// environment but env, in an empty directory, so that no .env of a developer
// has a say.
func launch(t *testing.T, bin, role string, env map[string]string) *process {
	t.Helper()
	p := &process{t: t, done: make(chan struct{}), more: make(chan struct{})}
	p.cmd = exec.Command(bin, strings.Fields(role)...) //nolint:noctx // stopped by stop
	p.cmd.Dir = t.TempDir()
	all := map[string]string{
		"HTTP_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "127.0.0.1:0", "FETCH_ALLOW_PRIVATE": "true", "LOG_LEVEL": "debug", "LOG_FORMAT": "json",
		"PATH": os.Getenv("PATH"), "HOME": t.TempDir(), "LIBVIPS_PATH": os.Getenv("LIBVIPS_PATH"),
	}
	maps.Copy(all, env)
	for k, v := range all {
		p.cmd.Env = append(p.cmd.Env, k+"="+v)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stderr = p.cmd.Stdout
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go p.read(out)
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			p.mu.Lock()
			defer p.mu.Unlock()
			tail := p.raw[max(0, len(p.raw)-60):]
			t.Logf("the last lines of %s:\n%s", role, strings.Join(tail, "\n"))
		}
	})
	return p
}

func (p *process) read(out io.Reader) {
	scanner := bufio.NewScanner(out)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var line logLine
		if json.Unmarshal(scanner.Bytes(), &line) != nil {
			line = logLine{"msg": scanner.Text()}
		}
		p.mu.Lock()
		p.lines = append(p.lines, line)
		p.raw = append(p.raw, scanner.Text())
		close(p.more)
		p.more = make(chan struct{})
		p.mu.Unlock()
	}
	_ = p.cmd.Wait()
	close(p.done)
}

// logged waits for a log line that matches, from the first line on.
func (p *process) logged(what string, match func(logLine) bool) logLine {
	p.t.Helper()
	deadline := time.After(patience)
	for seen := 0; ; {
		p.mu.Lock()
		fresh, more := p.lines[seen:], p.more
		p.mu.Unlock()
		for _, line := range fresh {
			if match(line) {
				return line
			}
		}
		seen += len(fresh)
		select {
		case <-more:
		case <-p.done:
			p.t.Fatalf("the process ended before it logged %s", what)
		case <-deadline:
			p.t.Fatalf("the process did not log %s", what)
		}
	}
}

// count returns how many lines of the log match so far.
func (p *process) count(match func(logLine) bool) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, line := range p.lines {
		if match(line) {
			n++
		}
	}
	return n
}

// url is where the API of the process listens.
func (p *process) url() string {
	p.t.Helper()
	line := p.logged("where it listens", func(l logLine) bool { return l["msg"] == "listening" })
	return line["url"].(string)
}

// stop asks the process to end, and waits until it has.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Error("the process did not stop on SIGTERM")
		p.kill()
	}
}

// ended waits until the process has ended by itself.
func (p *process) ended(what string) {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatalf("the process did not end: %s", what)
	}
}

// kill ends the process as a power cut would.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// finish runs a command to its end.
func finish(t *testing.T, role string, env map[string]string) {
	t.Helper()
	p := start(t, role, env)
	select {
	case <-p.done:
		if !p.cmd.ProcessState.Success() {
			t.Fatalf("%s ended with %s", role, p.cmd.ProcessState)
		}
	case <-time.After(patience):
		t.Fatalf("%s did not end", role)
	}
}
