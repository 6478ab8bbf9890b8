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

	"vitrine.dev/internal/bulk/archive"
	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/client"
)

type importCommand struct {
	apiFlag

	File   string `arg:""                                                                                 help:"NDJSON, CSV with a header row, or a tar of vitrine export --sources; - for the standard input." optional:""`
	Format string `enum:",ndjson,csv,tar"                                                                     default:""                                                         help:"ndjson, csv or tar; by default as the name ends."`
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
	_, coded := errors.AsType[*exitError](err)
	_, answered := errors.AsType[*client.Error](err)
	switch {
	case coded:
		return err
	case ctx.Err() != nil && !answered:
		return fmt.Errorf("nothing is imported: the file was not sent to its end: %w", err)
	default:
		return byAnswer(err)
	}
}

// send sends the file.
func (c importCommand) send(ctx context.Context, api *client.Client, bar *importBar) (client.Import, error) {
	format := rows.Format(c.Format)
	if format == "" {
		switch ext := rows.Format(strings.ToLower(strings.TrimPrefix(filepath.Ext(c.File), "."))); ext {
		case rows.CSV, formatTar:
			format = ext
		default:
			format = rows.NDJSON
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
	if format == formatTar {
		a, err := archiveOf(file, size)
		if err != nil {
			return client.Import{}, Usage(fmt.Errorf("%s: %w", c.File, err))
		}
		if !c.DryRun { // which does not ask whose pictures are there
			if err := (&sender{api: api, user: c.User, of: a, bar: bar}).send(ctx); err != nil {
				return client.Import{}, err
			}
		}
		format, file, size = a.Format, a.Products(), a.ProductBytes
	}
	return api.Import(ctx, c.order(format), &importSent{from: file, size: size, bar: bar}, size)
}

// formatTar stands for an archive.Archive.
const formatTar rows.Format = "tar"

// archiveOf opens an archive, which is read more than once.
func archiveOf(file io.Reader, size int64) (*archive.Archive, error) {
	at, ok := file.(io.ReaderAt)
	if !ok || size < 0 {
		return nil, errors.New("a tar must be a file: it is read more than once")
	}
	return archive.Open(at, size)
}

func (c importCommand) order(format rows.Format) client.ImportOrder {
	return client.ImportOrder{Format: format, User: c.User, ErrorPolicy: c.Policy, Mode: c.Mode, DryRun: c.DryRun, ImageRate: c.Rate}
}
