package systemtest

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"
)

// LogLine is one line of a log: its attributes, or what was printed as "msg".
type LogLine map[string]any

// Msg matches lines with the message.
func Msg(msg string) func(LogLine) bool {
	return func(l LogLine) bool { return l["msg"] == msg }
}

// log is what a process has written.
type logLines struct {
	mu    sync.Mutex
	lines []LogLine
	raw   []string
	more  chan struct{} // closed and replaced at every new line
}

func (l *logLines) add(text []byte) {
	var line LogLine
	if json.Unmarshal(text, &line) != nil {
		line = LogLine{"msg": string(text)}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
	l.raw = append(l.raw, string(text))
	close(l.more)
	l.more = make(chan struct{})
}

// since returns the lines from the n-th on, and what is closed when there are
// more.
func (l *logLines) since(n int) ([]LogLine, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines[n:], l.more
}

// Logged waits for a log line that matches, from the first line on.
func (p *Process) Logged(what string, match func(LogLine) bool) LogLine {
	p.t.Helper()
	deadline := time.After(Patience)
	_, done := p.current()
	for seen := 0; ; {
		fresh, more := p.log.since(seen)
		for _, line := range fresh {
			if match(line) {
				return line
			}
		}
		seen += len(fresh)
		select {
		case <-more:
		case <-done:
			if rest, _ := p.log.since(seen); len(rest) == 0 {
				p.t.Fatalf("the process ended before it logged %s", what)
			}
		case <-deadline:
			p.t.Fatalf("the process did not log %s", what)
		}
	}
}

// Count returns how many lines of the log match so far.
func (p *Process) Count(match func(LogLine) bool) (n int) {
	lines, _ := p.log.since(0)
	for _, line := range lines {
		if match(line) {
			n++
		}
	}
	return n
}

// Lines returns what was written so far.
func (p *Process) Lines() []string {
	p.log.mu.Lock()
	defer p.log.mu.Unlock()
	return slices.Clone(p.log.raw)
}

// Output is Lines as one text.
func (p *Process) Output() string { return strings.Join(p.Lines(), "\n") }

// URL is where the API of the process listens.
func (p *Process) URL() string {
	p.t.Helper()
	return p.logged("listening", "url")
}

// AdminURL is where a process answers its operators.
func (p *Process) AdminURL() string {
	p.t.Helper()
	return "http://" + p.logged("admin listening", "address")
}

func (p *Process) logged(msg, attribute string) string {
	p.t.Helper()
	text, ok := p.Logged(msg, Msg(msg))[attribute].(string)
	if !ok {
		p.t.Fatalf("the line %q has no %s", msg, attribute)
	}
	return text
}

// Client returns a client of the process.
func (p *Process) Client() Client {
	p.t.Helper()
	return Client{T: p.t, URL: p.URL()}
}
