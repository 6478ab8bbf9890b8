package app

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

const (
	progressWidth = 30          // cells of the bar
	progressEvery = time.Second // between lines where nobody watches
)

// jobProgress shows how far a job is: as a bar where a person watches, else as a
// line now and then, or as JSON.
type jobProgress struct {
	out        io.Writer // lines and the end
	bar        io.Writer // the bar; nil where nobody watches
	participle string
	asJSON     bool
	began      time.Time
	last       time.Time // when a line was written
}

func newJobProgress(to streams, participle string, asJSON bool) *jobProgress {
	p := &jobProgress{out: to.out, participle: participle, asJSON: asJSON, began: time.Now()}
	if !asJSON && isTerminal(to.err) && os.Getenv("TERM") != "dumb" {
		p.bar = to.err
	}
	return p
}

// show tells of the progress. That it cannot be written stops nobody's work.
func (p *jobProgress) show(j deadJob) {
	if p.bar != nil {
		fmt.Fprintf(p.bar, "\r\x1b[K%s", p.drawn(j))
		return
	}
	if time.Since(p.last) >= progressEvery {
		p.line(j)
	}
}

// end tells how it ended.
func (p *jobProgress) end(j deadJob) {
	if p.bar != nil {
		fmt.Fprint(p.bar, "\r\x1b[K")
	}
	p.line(j)
	if others := j.Total - j.Done; j.State == "done" && others > 0 && !p.asJSON {
		fmt.Fprintf(p.out, "%s were settled by others or changed meanwhile\n", count(others))
	}
}

func (p *jobProgress) line(j deadJob) {
	p.last = time.Now()
	if p.asJSON {
		_ = writeLine(p.out, j)
		return
	}
	fmt.Fprintf(p.out, "job %d %s: %s of %s %s\n", j.ID, j.State, count(j.Done), count(j.Total), p.participle)
}

// drawn is the bar with its figures: ████░░ 67 % 1,340 of 2,000, 33 s left.
func (p *jobProgress) drawn(j deadJob) string {
	part := 1.0
	if j.Total > 0 {
		part = min(1, float64(j.Done)/float64(j.Total))
	}
	full := int(part * progressWidth)
	left := ""
	if took := time.Since(p.began); j.Done > 0 && part < 1 && took > 2*time.Second {
		rest := time.Duration(float64(took) * (1 - part) / part)
		left = fmt.Sprintf(", %s left", rest.Round(time.Second))
	}
	return fmt.Sprintf("%s%s %3.0f %% %s of %s %s%s", strings.Repeat("█", full), strings.Repeat("░", progressWidth-full),
		part*100, count(j.Done), count(j.Total), p.participle, left)
}

func writeLine(w io.Writer, v any) error {
	encoded, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s\n", encoded)
	return err
}
