package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"vitrine.dev/internal/client"
)

const (
	// followEvery is how often the progress of a job is asked for.
	followEvery = 250 * time.Millisecond
	// outageLimit is how long the server may be unavailable meanwhile: it restarts.
	outageLimit = time.Minute
)

// follower follows a job to its end, and aborts it on Ctrl-C.
type follower struct {
	api *client.Client
	job client.Job
	bar *progress
	// byOthers is what others may have done first, as a participle, and left is what becomes
	// of the rest where the job is aborted.
	byOthers, left string
}

func (f *follower) run(ctx context.Context) error {
	f.bar.show(f.job)
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for answered := time.Now(); f.job.State == "running"; {
		select {
		case <-ctx.Done():
			return f.abort(ctx)
		case <-tick.C:
		}
		job, err := f.api.Job(ctx, f.job.Path)
		switch {
		case err == nil:
			f.job, answered = job, time.Now()
			f.bar.show(job)
		case ctx.Err() != nil: // aborted above
		case !client.IsTemporary(err) || time.Since(answered) > outageLimit:
			f.bar.end(f.job, f.byOthers)
			return fmt.Errorf("job %d goes on, not followed any more (GET %s): %w", f.job.ID, f.job.Path, err)
		}
	}
	f.bar.end(f.job, f.byOthers)
	if f.job.State != "done" {
		return fmt.Errorf("someone else aborted job %d", f.job.ID)
	}
	return nil
}

// abort ends the job and prints how far it got.
func (f *follower) abort(ctx context.Context) error {
	job, err := f.api.AbortJob(context.WithoutCancel(ctx), f.job.Path)
	if err != nil {
		f.bar.end(f.job, f.byOthers)
		return fmt.Errorf("job %d could not be aborted and goes on (POST %s/abort ends it): %w", f.job.ID, f.job.Path, err)
	}
	f.bar.end(job, f.byOthers)
	if job.State == "done" {
		return nil
	}
	return fmt.Errorf("aborted: %s of %s; the others %s", count(job.Done), count(job.Total), f.left)
}

const (
	progressWidth = 30          // cells of the bar
	progressEvery = time.Second // between lines where no one watches
)

// progress shows how far a job is: as a bar on a terminal, else as a line now
// and then, or as JSON.
type progress struct {
	out        io.Writer // lines and the end
	bar        io.Writer // the bar; nil without a terminal
	participle string
	asJSON     bool
	began      time.Time
	last       time.Time // when a line was written
}

func newProgress(to Streams, participle string, asJSON bool) *progress {
	p := &progress{out: to.Out, participle: participle, asJSON: asJSON, began: time.Now()}
	if !asJSON && IsTerminal(to.Err) && os.Getenv("TERM") != "dumb" {
		p.bar = to.Err
	}
	return p
}

// show shows the progress. An error of the output does not stop the job.
func (p *progress) show(j client.Job) {
	if p.bar != nil {
		fmt.Fprintf(p.bar, "\r\x1b[K%s", p.draw(j))
		return
	}
	if time.Since(p.last) >= progressEvery {
		p.line(j)
	}
}

// end shows how it ended, and what others may have done of it.
func (p *progress) end(j client.Job, byOthers string) {
	p.finish(j)
	if others := j.Total - j.Done; j.State == "done" && others > 0 && !p.asJSON {
		fmt.Fprintf(p.out, "%s were %s by others, or changed meanwhile\n", count(others), byOthers)
	}
}

// finish shows the last state in place of the bar.
func (p *progress) finish(j client.Job) {
	if p.bar != nil {
		fmt.Fprint(p.bar, "\r\x1b[K")
	}
	p.line(j)
}

func (p *progress) line(j client.Job) {
	p.last = time.Now()
	if p.asJSON {
		fmt.Fprintf(p.out, "%s\n", j.Raw)
		return
	}
	fmt.Fprintf(p.out, "job %d %s: %s of %s %s\n", j.ID, j.State, count(j.Done), count(j.Total), p.participle)
}

// draw returns the bar with its figures: ████░░ 67 % 1,340 of 2,000, 33 s left.
func (p *progress) draw(j client.Job) string {
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
