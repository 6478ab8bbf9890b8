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

	"vitrine.dev/internal/bulk/archive"
	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/client"
)

type exportCommand struct {
	apiFlag

	Format  string `default:"ndjson"                                                                                enum:"ndjson,csv"  help:"ndjson or csv."`
	Out     string `help:"The file to write, which is there once it is whole; by default the standard output." placeholder:"FILE" short:"o"`
	Sources bool   `help:"With the pictures that were sent for the images: a tar, which vitrine import takes. Needs --out."`
	User    int64  `help:"Whose products; by default of the user of the key."                                       placeholder:"ID"`
}

// Run writes the file.
func (c exportCommand) Run(ctx context.Context, program Program, to Streams) error {
	if c.User < 0 {
		return Usage(errors.New("--user must be the id of a user"))
	}
	if c.Sources && c.Out == "" {
		return Usage(errors.New("--sources needs --out FILE"))
	}
	api, err := c.client(program)
	if err != nil {
		return err
	}
	file := to.Out
	var replacing *replacement
	if c.Out != "" {
		if replacing, err = newReplacement(c.Out); err != nil {
			return err
		}
		defer replacing.discard()
		file = replacing.temporary
	}
	counted := &exportProgress{to: file, csv: c.Format == string(rows.CSV), archive: c.Sources, began: time.Now()}
	if IsTerminal(to.Err) && os.Getenv("TERM") != "dumb" {
		counted.bar = to.Err
	}
	got, err := api.Export(ctx, client.ExportOrder{Format: rows.Format(c.Format), User: c.User, Sources: c.Sources}, counted)
	counted.end()
	switch answer, answered := errors.AsType[*client.Error](err); {
	case err != nil && counted.bytes == 0 && client.IsTemporary(err) && ctx.Err() == nil:
		return Unavailable(err)
	case answered && answer.Status == http.StatusUnprocessableEntity:
		return Usage(err)
	case err != nil:
		return err
	case c.Sources:
		return c.finishArchive(to, replacing, counted)
	case !got.Whole && !counted.csv:
		return errors.New("the export has no end: it is not whole")
	case !got.Whole:
		fmt.Fprintln(to.Err, "no trailer has arrived, which some proxies drop: whether the file is whole is not known")
	}
	if replacing != nil {
		if err := replacing.finish(); err != nil {
			return err
		}
	}
	counted.said(to, several(counted.products(), "product"), got.After)
	return nil
}

// finishArchive puts an archive in its place that is whole. It returns an error where pictures are
// missing in it.
func (exportCommand) finishArchive(to Streams, replacing *replacement, counted *exportProgress) error {
	a, err := archive.Open(replacing.temporary, counted.bytes)
	if err != nil {
		return err
	}
	if err := replacing.finish(); err != nil {
		return err
	}
	counted.said(to, several(a.End.Products, "product")+", "+several(a.End.Sources, "picture"), a.After)
	if a.Missing > 0 {
		return fmt.Errorf("the storage did not have %s (%s): an import of the file refuses the products that show them",
			several(a.Missing, "more picture"), strings.Join(a.Lost, ", "))
	}
	return nil
}

// replacement is a file that takes the place of another one, if any, once it is whole.
type replacement struct {
	path      string
	temporary *os.File
}

func newReplacement(path string) (*replacement, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, fmt.Errorf("make the file: %w", err)
	}
	return &replacement{path, f}, nil
}

// finish puts the file in its place.
func (r *replacement) finish() error {
	err := errors.Join(r.temporary.Sync(), r.temporary.Close())
	if err == nil {
		err = os.Rename(r.temporary.Name(), r.path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", r.path, err)
	}
	return nil
}

// discard removes what is not finished.
func (r *replacement) discard() {
	_ = r.temporary.Close()
	_ = os.Remove(r.temporary.Name()) // it has another name once it is finished
}

// exportProgress passes a file on and counts what goes by.
type exportProgress struct {
	to      io.Writer
	bar     io.Writer // nil without a terminal
	csv     bool
	archive bool // its lines are not counted
	began   time.Time
	shown   time.Time
	bytes   int64
	lines   int64
	quoted  bool // inside a cell of CSV
}

// Write implements io.Writer.
func (p *exportProgress) Write(b []byte) (int, error) {
	n, err := p.to.Write(b)
	p.bytes += int64(n)
	if !p.archive {
		p.count(b[:n])
	}
	if p.bar != nil && time.Since(p.shown) > followEvery {
		p.shown = time.Now()
		seconds := max(time.Since(p.began).Seconds(), 0.001)
		fmt.Fprint(p.bar, "\r\x1b[K")
		if p.archive {
			fmt.Fprintf(p.bar, "%s bytes, %s bytes a second", count(p.bytes), count(int64(float64(p.bytes)/seconds)))
		} else {
			fmt.Fprintf(p.bar, "%s products, %s bytes, %s products a second", count(p.products()), count(p.bytes), count(int64(float64(p.products())/seconds)))
		}
	}
	return n, err
}

// count counts lines.
func (p *exportProgress) count(b []byte) {
	for _, c := range b {
		switch {
		case c == '"':
			p.quoted = !p.quoted && p.csv
		case c == '\n' && !p.quoted:
			p.lines++
		}
	}
}

// products are the lines but the first, and of NDJSON the last, which is none.
func (p *exportProgress) products() int64 {
	others := int64(2)
	if p.csv {
		others = 1
	}
	return max(0, p.lines-others)
}

// end removes the bar.
func (p *exportProgress) end() {
	if p.bar != nil {
		fmt.Fprint(p.bar, "\r\x1b[K")
	}
}

// said says what was written.
func (p *exportProgress) said(to Streams, what, after string) {
	fmt.Fprintf(to.Err, "%s, %s bytes in %s\nchanges since follow: GET /events?after=%s\n", what, count(p.bytes), duration(time.Since(p.began)), after)
}
