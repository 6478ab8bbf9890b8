package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"vitrine.dev/internal/client"
)

// importSent shows how much of a file is sent.
type importSent struct {
	from       io.Reader
	size, sent int64
	bar        *importBar
}

// Read implements io.Reader.
func (s *importSent) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	s.sent += int64(n)
	if s.size > 0 {
		s.bar.draw(float64(s.sent)/float64(s.size), fmt.Sprintf("%s of %s bytes sent", count(s.sent), count(s.size)))
	}
	return n, err
}

// importBar shows progress: as a bar on a terminal, else as a line now and then, or as JSON.
type importBar struct {
	to               Streams
	asJSON, terminal bool
	drawn            time.Time
	last             time.Time // when a line was written
}

// draw draws the bar, at most as often as anyone sees.
func (b *importBar) draw(part float64, text string) {
	if !b.terminal || time.Since(b.drawn) < followEvery/2 {
		return
	}
	b.drawn = time.Now()
	full := int(min(1, max(0, part)) * progressWidth)
	fmt.Fprintf(b.to.Err, "\r\x1b[K%s%s %3.0f %% %s", strings.Repeat("█", full), strings.Repeat("░", progressWidth-full), part*100, text)
}

// clear removes the bar.
func (b *importBar) clear() {
	if b.terminal {
		fmt.Fprint(b.to.Err, "\r\x1b[K")
	}
	b.drawn = time.Time{}
}

// show shows the import.
func (b *importBar) show(i client.Import) {
	switch {
	case b.terminal:
		b.draw(partOf(i), importLine(i))
	case time.Since(b.last) >= progressEvery:
		b.line(i)
	}
}

func (b *importBar) line(i client.Import) {
	b.last = time.Now()
	if b.asJSON {
		fmt.Fprintf(b.to.Out, "%s\n", i.Raw)
		return
	}
	fmt.Fprintf(b.to.Out, "import %d %s\n", i.ID, importLine(i))
}

// partOf is how much of what it is at the import has done: of rows, by what is said to be left.
func partOf(i client.Import) float64 {
	done, left := float64(i.Rows.Read), 0.0
	if i.State == "images" || i.State == "cancelling" {
		done, left = float64(i.Images.Ready+i.Images.Failed), float64(i.Images.Waiting)
	} else if i.SecondsLeft != nil {
		left = i.PerSecond * float64(*i.SecondsLeft)
	}
	if done+left == 0 {
		return 0
	}
	return done / (done + left)
}

// importLine says how far the import is: writing: 1,200 rows (1,190 created, 10 failed) and so on.
func importLine(i client.Import) string {
	var parts []string
	for _, p := range []struct {
		n    int64
		what string
	}{
		{i.Rows.Created, "created"}, {i.Rows.Updated, "updated"}, {i.Rows.Unchanged, "unchanged"}, {i.Rows.Superseded, "superseded"}, {i.Rows.Failed, "failed"},
	} {
		if p.n > 0 {
			parts = append(parts, count(p.n)+" "+p.what)
		}
	}
	text := fmt.Sprintf("%s: %s", strings.ReplaceAll(i.State, "_", " "), several(i.Rows.Read, "row"))
	if len(parts) > 0 {
		text += " (" + strings.Join(parts, ", ") + ")"
	}
	if all := i.Images.Waiting + i.Images.Ready + i.Images.Failed; all > 0 {
		text += fmt.Sprintf(", %s of %s ready", count(i.Images.Ready), several(all, "image"))
		if i.Images.Failed > 0 {
			text += fmt.Sprintf(", %s failed", count(i.Images.Failed))
		}
	}
	if i.FinishedAt == nil && i.PerSecond > 0 && i.State != "paused" {
		text += fmt.Sprintf(", %s a second", count(int64(i.PerSecond)))
		if i.SecondsLeft != nil {
			text += fmt.Sprintf(", %s left", time.Duration(*i.SecondsLeft)*time.Second)
		}
	}
	return text
}
