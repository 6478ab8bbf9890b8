package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"vitrine.dev/internal/imaging"
)

// startTimeout bounds the start of a child, which opens libvips.
const startTimeout = 30 * time.Second

// process is a running child, as its parent sees it. One picture at a time.
type process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    io.Reader
	engine engineInfo
	stderr *head
	work   int // pictures so far
	killed sync.Once
}

// inherited are the variables that a child gets of its parent's: no credential
// is among them.
func inherited() []string {
	var env []string
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		switch {
		case name == "PATH", name == "HOME", name == "TMPDIR", name == "GOCOVERDIR", name == "VITRINE_DEFECTS",
			strings.HasPrefix(name, "VIPS_"), strings.HasPrefix(name, "LD_"), strings.HasPrefix(name, "DYLD_"):
			env = append(env, v)
		}
	}
	return append(env, variable+"=1")
}

// launch starts a child and waits until it can render. Where ctx is done before, the child
// is gone when launch returns the cause; later ctx does not matter.
func launch(ctx context.Context, program []string, cfg imaging.Config) (*process, error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("start render process: %w", context.Cause(ctx))
	}
	p := &process{stderr: &head{}}
	// It outlives ctx, and ends with its pipes or by kill.
	p.cmd = exec.Command(program[0], program[1:]...) //nolint:noctx,gosec // see above; this very program
	p.cmd.Env, p.cmd.Stderr = inherited(), p.stderr
	// Signals of a terminal are for the parent, which lets work finish.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start render process: %w", err)
	}
	if p.out, err = p.cmd.StdoutPipe(); err != nil {
		return nil, fmt.Errorf("start render process: %w", err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start render process: %w", err)
	}
	late := time.AfterFunc(startTimeout, p.kill)
	defer late.Stop()
	keep := context.AfterFunc(ctx, p.kill)
	err = p.handshake(cfg)
	if !keep() { // it was killed, or is about to be
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("start render process: %w", errors.Join(err, p.end()))
	}
	return p, nil
}

func (p *process) handshake(cfg imaging.Config) error {
	text, err := json.Marshal(cfg)
	if err != nil {
		return err
	}
	if err := writeFrame(p.in, configure, text); err != nil {
		return err
	}
	k, payload, err := readFrame(p.out, reserveOfChild)
	if err != nil {
		return err
	}
	if k != ready {
		return fmt.Errorf("it began with %q", k)
	}
	if err := json.Unmarshal(payload, &p.engine); err != nil {
		return err
	}
	if p.engine.Error != "" {
		return errors.New(p.engine.Error)
	}
	return nil
}

// kill ends the child at once; what reads or writes its pipes is woken.
func (p *process) kill() {
	p.killed.Do(func() { _ = p.cmd.Process.Kill() })
}

// end kills the child, reaps it and returns how it ended, with what it wrote to
// standard error.
func (p *process) end() error {
	p.kill()
	_ = p.in.Close()
	return p.reap()
}

// reap waits for a child that has ended or was killed.
func (p *process) reap() error {
	_, _ = io.Copy(io.Discard, p.out) // Wait wants the pipe read to its end
	err := p.cmd.Wait()
	if text := p.stderr.String(); text != "" {
		return fmt.Errorf("%w: %s", err, text)
	}
	return err
}

// head keeps the beginning of what a child writes to standard error, where a
// crash names its cause.
type head struct {
	mu   sync.Mutex
	kept bytes.Buffer
}

// maxHead is how much of it is kept, in bytes.
const maxHead = 2 << 10

func (w *head) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if room := maxHead - w.kept.Len(); room > 0 {
		w.kept.Write(b[:min(room, len(b))])
	}
	return len(b), nil
}

func (w *head) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.TrimSpace(w.kept.String())
}
