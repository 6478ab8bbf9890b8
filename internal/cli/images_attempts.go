package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"vitrine.dev/internal/httpapi/wire"
)

type imagesAttemptsCommand struct {
	Product int64 `arg:""                                                help:"The product's id."`
	Image   int64 `arg:""                                                help:"The image's id."`
	JSON    bool  `help:"One JSON object a line, as of the API." name:"json"`
}

// Run prints the attempts at an image, the first one first.
func (c imagesAttemptsCommand) Run(ctx context.Context, program Program, to Streams, all *imagesCommand) error {
	api, err := all.client(program)
	if err != nil {
		return err
	}
	list, err := api.Attempts(ctx, c.Product, c.Image)
	if err != nil {
		return err
	}
	if c.JSON {
		for _, a := range list {
			fmt.Fprintf(to.Out, "%s\n", a.Raw)
		}
		return nil
	}
	if len(list) == 0 {
		fmt.Fprintln(to.Out, "no attempt at this image has ended")
		return nil
	}
	table := tabwriter.NewWriter(to.Out, 0, 0, columnGap, ' ', 0)
	fmt.Fprint(table, "ATTEMPT\tENDED\tOUTCOME\tTOOK\tSTATUS\tSTEPS\tREASON\n")
	for _, answered := range list {
		a := answered.Is
		fmt.Fprintf(table, "%d.%d\t%s\t%s\t%s\t%s\t%s\t%s\n", a.Generation, a.Attempt, orDashTime(&a.EndedAt), a.Outcome,
			time.Duration(a.TookMS)*time.Millisecond, hostAnswer(a), steps(a), orDashReason(a.Reason))
	}
	return table.Flush()
}

// hostAnswer is the status of the source's host, and how many redirects led to it.
func hostAnswer(a wire.Attempt) string {
	if a.Status == 0 {
		return "-"
	}
	text := strconv.Itoa(a.Status)
	if a.Redirects > 0 {
		text += fmt.Sprintf(" after %d redirects", a.Redirects)
	}
	return text
}

func steps(a wire.Attempt) string {
	var list []string
	for _, s := range a.Steps {
		list = append(list, s.Name+" "+(time.Duration(s.TookMS)*time.Millisecond).String())
	}
	if a.Reused {
		list = append(list, "reused")
	}
	if len(list) == 0 {
		return "-"
	}
	return strings.Join(list, ", ")
}
