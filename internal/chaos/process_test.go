package chaos_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/systemtest"
)

func TestMain(m *testing.M) { systemtest.Main(m) }

// process is one role that is started again whenever it has ended.
type process struct {
	*systemtest.Process

	name string // api1, worker2
}

// observations are what the logs of all processes contained.
type observations struct {
	mu     sync.Mutex
	panics []string
	begun  int // images begun again after a worker was lost
	levels map[string]int
}

func newProcess(t *testing.T, s settings, name, role string, env map[string]string, seen *observations) *process {
	t.Helper()
	logs, err := os.Create(filepath.Join(s.folder, name+".log"))
	if err != nil {
		t.Fatal(err)
	}
	p := &process{name: name, Process: systemtest.New(t, systemtest.Options{
		Variant: s.variant(), Role: role, Env: env,
		OnLine: func(line []byte) {
			_, _ = logs.Write(append(line, '\n'))
			seen.note(name, line)
		},
	})}
	t.Cleanup(func() {
		p.Kill()
		_ = logs.Close()
	})
	return p
}

// stop ends it in order, and without when that takes too long.
func (p *process) stop() { p.StopWithin(30 * time.Second) }

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

// report adds what the logs contain so far: the processes go on writing them.
func (o *observations) report(r *report) {
	o.mu.Lock()
	defer o.mu.Unlock()
	r.check("no process panicked or wrote what is no log line", slices.Clone(o.panics), "log lines %s", tally(o.levels))
	r.figure("images begun again after a death", "%d", o.begun)
}
