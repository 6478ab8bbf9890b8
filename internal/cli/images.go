package cli

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"vitrine.dev/internal/httpapi/wire"
)

type imagesCommand struct {
	apiFlag

	List     imagesListCommand     `cmd:"" default:"withargs" help:"Show the images of a product, and what they wait for."`
	Attempts imagesAttemptsCommand `cmd:"" help:"Show what has happened to an image: each attempt with its steps."`
	Refresh  imagesRefreshCommand  `cmd:""                    help:"Have ready images fetched again, where their hosts say that they have changed."`
}

type imagesListCommand struct {
	Product int64 `arg:""                                                help:"The product's id."`
	JSON    bool  `help:"One JSON object a line, as of the API." name:"json"`
}

// Run prints the images of a product, each as it is now.
func (c imagesListCommand) Run(ctx context.Context, program Program, to Streams, all *imagesCommand) error {
	api, err := all.client(program)
	if err != nil {
		return err
	}
	product, err := api.Product(ctx, c.Product)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(to.Out, 0, 0, columnGap, ' ', 0)
	if !c.JSON && len(product.Images) > 0 {
		fmt.Fprint(table, "IMAGE\tSTATUS\tATTEMPTS\tWAITS FOR\tUNTIL\tLAST REASON\tSOURCE\n")
	}
	for _, listed := range product.Images {
		img, err := api.Image(ctx, c.Product, listed.ID)
		if err != nil {
			return errors.Join(table.Flush(), err)
		}
		if !c.JSON {
			writeImage(table, img)
		} else if err := writeLine(to.Out, img); err != nil {
			return err
		}
	}
	return table.Flush()
}

// writeImage writes a line. Errors are kept by the writer.
func writeImage(w *tabwriter.Writer, img wire.CurrentImage) {
	waits, until := "-", "-"
	if img.Waiting != nil {
		waits, until = img.Waiting.For, orDashTime(img.Waiting.Until)
	}
	fmt.Fprintf(w, "%d\t%s\t%d\t%s\t%s\t%s\t%s\n", img.ID, img.Status, img.Attempts, waits, until, orDashReason(img.Reason), oneLine(img.SourceURL))
}
