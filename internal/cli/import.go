package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/client"
)

type importCommand struct {
	apiFlag

	File   string `arg:""                                                                                 help:"NDJSON, or CSV with a header row; - for the standard input." optional:""`
	Format string `enum:",ndjson,csv"                                                                     default:""                                                         help:"ndjson or csv; by default as the name ends."`
	User   int64  `help:"Whose products they are; by default of the user of the key."                     placeholder:"ID"`
	Policy string `default:"rows"                                                                         enum:"rows,all"                                                    help:"all: one row at fault, and nothing is written." name:"error-policy"`
	Mode   string `default:"upsert"                                                                       enum:"upsert,create"                                               help:"create: an external_id that is there already is a fault."`
	DryRun bool   `help:"Only check the rows."`
	Rate   int64  `help:"Images a second that are let in."                                                name:"image-rate"                                                  placeholder:"N"`
	Resume int64  `help:"Go on with this import, which Ctrl-C has paused, or only follow it; no FILE."    placeholder:"ID"`
	JSON   bool   `help:"The answers of the API, one a line."                                             name:"json"`
}

// Run sends the file, and follows the import to its end.
func (c importCommand) Run(ctx context.Context, program Program, to Streams) error {
	if (c.File == "") == (c.Resume == 0) || c.Resume < 0 || c.User < 0 || c.Rate < 0 {
		return Usage(errors.New("name a FILE, or an import with --resume; --user and --image-rate are above 0"))
	}
	api, err := c.client(program)
	if err != nil {
		return err
	}
	bar := &importBar{to: to, asJSON: c.JSON, terminal: !c.JSON && IsTerminal(to.Err) && os.Getenv("TERM") != "dumb"}
	var made client.Import
	if c.Resume != 0 {
		made, err = resumed(ctx, api, c.Resume)
	} else {
		made, err = c.send(ctx, api, bar)
	}
	bar.clear()
	if err != nil {
		return importError(ctx, err)
	}
	return (&importFollower{api: api, is: made, bar: bar}).run(ctx)
}

// resumed has an import go on; one that has ended is shown.
func resumed(ctx context.Context, api *client.Client, id int64) (client.Import, error) {
	i, err := api.ResumeImport(ctx, id)
	if answer, ok := errors.AsType[*client.Error](err); ok && answer.Status == http.StatusConflict {
		return api.ImportNow(ctx, id)
	}
	return i, err
}

// importError is an error before there is an import, with its exit code.
func importError(ctx context.Context, err error) error {
	answer, answered := errors.AsType[*client.Error](err)
	_, coded := errors.AsType[*exitError](err)
	switch {
	case coded:
		return err
	case answered && answer.Status == http.StatusUnprocessableEntity:
		return Usage(err)
	case ctx.Err() != nil:
		return fmt.Errorf("nothing is imported: the file was not sent to its end: %w", err)
	case client.IsTemporary(err):
		return Unavailable(err)
	}
	return err
}

// send sends the file.
func (c importCommand) send(ctx context.Context, api *client.Client, bar *importBar) (client.Import, error) {
	format := rows.Format(c.Format)
	if format == "" {
		format = rows.NDJSON
		if strings.EqualFold(filepath.Ext(c.File), ".csv") {
			format = rows.CSV
		}
	}
	file, size := io.Reader(os.Stdin), int64(-1)
	if c.File != "-" {
		opened, err := os.Open(c.File)
		if err != nil {
			return client.Import{}, Usage(err)
		}
		defer opened.Close()
		if info, err := opened.Stat(); err == nil && info.Mode().IsRegular() {
			size = info.Size()
		}
		file = opened
	}
	order := client.ImportOrder{Format: format, User: c.User, ErrorPolicy: c.Policy, Mode: c.Mode, DryRun: c.DryRun, ImageRate: c.Rate}
	return api.Import(ctx, order, &importSent{from: file, size: size, bar: bar}, size)
}

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
