package chaos_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"vitrine.dev/internal/systemtest"
)

func TestMain(m *testing.M) { systemtest.Main(m) }

// build makes the program, with a defect where one is wanted.
func build(t *testing.T, defect string) string {
	t.Helper()
	if defect == "" {
		return systemtest.Build(t, systemtest.Program)
	}
	return systemtest.Build(t, systemtest.Defective(defect))
}

// process is one role that is started again whenever it has ended.
type process struct {
	name string // api1, worker2
	role string
	bin  string
	env  []string
	dir  string
	logs *os.File
	seen *observations

	mu    sync.Mutex
	cmd   *exec.Cmd
	done  chan struct{}
	lives atomic.Int64 // how often it was started
}

// observations are what the logs of all processes told.
type observations struct {
	mu     sync.Mutex
	panics []string
	begun  int // images begun anew after a worker was lost
	levels map[string]int
}

func newProcess(t *testing.T, bin, name, role, folder string, env map[string]string, seen *observations) *process {
	t.Helper()
	logs, err := os.Create(filepath.Join(folder, name+".log"))
	if err != nil {
		t.Fatal(err)
	}
	p := &process{name: name, role: role, bin: bin, dir: t.TempDir(), logs: logs, seen: seen}
	p.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + p.dir, "LIBVIPS_PATH=" + os.Getenv("LIBVIPS_PATH"),
		"LOG_LEVEL=info", "LOG_FORMAT=json", "FETCH_ALLOW_PRIVATE=true",
	}
	for k, v := range env {
		p.env = append(p.env, k+"="+v)
	}
	t.Cleanup(func() {
		p.kill()
		_ = logs.Close()
	})
	return p
}

func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	cmd := exec.Command(p.bin, p.role) //nolint:noctx // killed by the clean-up
	cmd.Dir, cmd.Env = p.dir, p.env
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	p.cmd, p.done = cmd, done
	p.lives.Add(1)
	go func() {
		defer close(done)
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			_, _ = p.logs.Write(append(lines.Bytes(), '\n'))
			p.seen.note(p.name, lines.Bytes())
		}
		_ = cmd.Wait() // how it ended is the test's doing
	}()
	return nil
}

// life names the process between two starts: what it remembers, it remembers
// for so long.
func (p *process) life() int64 { return p.lives.Load() }

func (p *process) signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		_ = p.cmd.Process.Signal(s)
	}
}

// kill ends the process as a power cut would.
func (p *process) kill() { p.end(syscall.SIGKILL) }

// stop ends it in order, and without when that takes too long.
func (p *process) stop() { p.end(syscall.SIGTERM) }

func (p *process) end(s syscall.Signal) {
	p.mu.Lock()
	done := p.done
	p.mu.Unlock()
	if done == nil {
		return
	}
	p.signal(s)
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		p.signal(syscall.SIGKILL)
		<-done
	}
}

// ended reports whether the process is gone, wanted or not.
func (p *process) ended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

func (o *observations) note(name string, text []byte) {
	var line struct {
		Level   string `json:"level"`
		Msg     string `json:"msg"`
		Attempt int    `json:"attempt"`
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if json.Unmarshal(text, &line) != nil {
		o.panics = append(o.panics, name+": "+string(text)) // not one of our lines: a crash says so on stderr
		return
	}
	o.levels[line.Level]++
	if line.Msg == "image ready" && line.Attempt > 1 {
		o.begun++
	}
	if bytes.Contains(text, []byte("panicked")) {
		o.panics = append(o.panics, name+": "+string(text))
	}
}

// tell adds what the logs have said so far: the processes go on writing them.
func (o *observations) tell(r *report) {
	o.mu.Lock()
	defer o.mu.Unlock()
	r.check("no process panicked or wrote what is no log line", slices.Clone(o.panics), "log lines %s", tally(o.levels))
	r.figure("images begun anew after a death", "%d", o.begun)
}
