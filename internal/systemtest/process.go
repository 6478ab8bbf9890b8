package systemtest

import (
	"bufio"
	"io"
	"maps"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Options say what a Process runs.
type Options struct {
	Variant Variant
	Binary  string // in place of what the Variant builds
	Role    string // a command with its flags, separated by spaces
	// Env is all that is in its environment beside what every process needs,
	// and may overwrite that.
	Env map[string]string
	// OnLine takes each line of the log. Without it the Process keeps them.
	OnLine func([]byte)
}

// Process is one role or command of the program. It can be started again after
// its end.
type Process struct {
	t      *testing.T
	cmd    *exec.Cmd // to be copied at each start
	onLine func([]byte)
	log    logLines

	mu     sync.Mutex
	now    *exec.Cmd
	done   chan struct{} // closed when the process is gone
	starts int64
}

// New prepares a process. It runs in an empty directory, so that no .env of a
// developer has a say. When the test ends it is stopped, which has to succeed,
// and its log is shown where the test failed.
func New(t *testing.T, o Options) *Process {
	t.Helper()
	if o.Binary == "" {
		o.Binary = Build(t, o.Variant)
	}
	p := &Process{t: t, onLine: o.OnLine}
	p.log.more = make(chan struct{})
	if p.onLine == nil {
		p.onLine = p.log.add
	}
	p.cmd = exec.Command(o.Binary, strings.Fields(o.Role)...) //nolint:noctx // ended by the clean-up
	p.cmd.Dir = t.TempDir()
	env := map[string]string{
		"HTTP_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "127.0.0.1:0", "FETCH_ALLOW_PRIVATE": "true", "LOG_LEVEL": "debug", "LOG_FORMAT": "json",
		"PATH": os.Getenv("PATH"), "HOME": p.cmd.Dir, "LIBVIPS_PATH": os.Getenv("LIBVIPS_PATH"),
	}
	maps.Copy(env, o.Env)
	for k, v := range env {
		p.cmd.Env = append(p.cmd.Env, k+"="+v)
	}
	return p
}

// Start starts a role of the program as it is shipped.
func Start(t *testing.T, role string, env map[string]string) *Process {
	t.Helper()
	return StartVariant(t, Program, role, env)
}

// StartVariant starts a role of a variant.
func StartVariant(t *testing.T, v Variant, role string, env map[string]string) *Process {
	t.Helper()
	return New(t, Options{Variant: v, Role: role, Env: env}).Launch()
}

// Finish runs a command to its end, good or bad.
func Finish(t *testing.T, role string, env map[string]string) *Process {
	t.Helper()
	p := Start(t, role, env)
	p.AwaitEnd(role)
	return p
}

// Run runs a command to its good end and returns what it printed.
func Run(t *testing.T, role string, env map[string]string) string {
	t.Helper()
	p := Finish(t, role, env)
	if !p.State().Success() {
		t.Fatalf("%s ended with %s and printed %q", role, p.State(), p.Output())
	}
	return p.Output()
}

// Launch is Start for the test's own goroutine, with the clean-up.
func (p *Process) Launch() *Process {
	p.t.Helper()
	if err := p.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		p.Stop()
		if p.t.Failed() {
			lines := p.Lines()
			p.t.Logf("the last lines of %v:\n%s", p.cmd.Args[1:], strings.Join(lines[max(0, len(lines)-60):], "\n"))
		}
	})
	return p
}

// Start starts the process, the first time or again after its end.
func (p *Process) Start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	cmd := exec.Command(p.cmd.Path, p.cmd.Args[1:]...) //nolint:noctx // ended by the clean-up
	cmd.Dir, cmd.Env = p.cmd.Dir, p.cmd.Env
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	p.now, p.done = cmd, done
	p.starts++
	go func() {
		defer close(done)
		p.read(out)
		_ = cmd.Wait() // how it ended is in its state
	}()
	return nil
}

func (p *Process) read(out io.Reader) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		p.onLine(lines.Bytes())
	}
}

func (p *Process) current() (*exec.Cmd, chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now, p.done
}

// Starts is how often it was started: what a process remembers, it remembers
// from one start to the next.
func (p *Process) Starts() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.starts
}

// PID is its number.
func (p *Process) PID() int {
	cmd, _ := p.current()
	return cmd.Process.Pid
}

// State is how it ended.
func (p *Process) State() *os.ProcessState {
	cmd, _ := p.current()
	return cmd.ProcessState
}

// Signal sends a signal to the process, if it was started and runs still.
func (p *Process) Signal(s syscall.Signal) {
	if cmd, _ := p.current(); cmd != nil {
		_ = cmd.Process.Signal(s)
	}
}

// Kill ends it as a power cut would.
func (p *Process) Kill() {
	if cmd, done := p.current(); cmd != nil {
		p.Signal(syscall.SIGKILL)
		<-done
	}
}

// Stop asks it to end, which has to succeed, and waits until it has.
func (p *Process) Stop() {
	if !p.StopWithin(Patience) {
		p.t.Error("the process did not stop on SIGTERM")
	}
}

// StopWithin asks it to end and kills it after limit; false where it had to.
func (p *Process) StopWithin(limit time.Duration) bool {
	p.Signal(syscall.SIGTERM)
	if p.ends(limit) {
		return true
	}
	p.Kill()
	return false
}

// AwaitEnd waits until the process has ended by itself.
func (p *Process) AwaitEnd(what string) {
	p.t.Helper()
	if !p.ends(Patience) {
		p.t.Fatalf("the process did not end: %s", what)
	}
}

// Ended reports whether it is gone, wanted or not.
func (p *Process) Ended() bool { return p.ends(0) }

func (p *Process) ends(limit time.Duration) bool {
	_, done := p.current()
	select {
	case <-done:
		return true
	default:
	}
	select {
	case <-done:
		return true
	case <-time.After(limit):
		return false
	}
}
