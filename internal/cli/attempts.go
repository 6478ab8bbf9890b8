package cli

import (
	"cmp"
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

// Run prints the attempts at an image that have ended, in their order.
func (c imagesAttemptsCommand) Run(ctx context.Context, program Program, to Streams, all *imagesCommand) error {
	api, err := all.client(program)
	if err != nil {
		return err
	}
	list, err := api.Attempts(ctx, c.Product, c.Image)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(to.Out, 0, 0, columnGap, ' ', 0)
	if !c.JSON && len(list) > 0 {
		fmt.Fprint(table, "ENDED\tATTEMPT\tWAITED\tOUTCOME\tSTATUS\tREDIRECTS\tSTEPS\tREASON\n")
	}
	for _, a := range list {
		if !c.JSON {
			writeAttempt(table, a)
		} else if err := writeLine(to.Out, a); err != nil {
			return err
		}
	}
	return table.Flush()
}

// writeAttempt writes a line. Errors are kept by the writer.
func writeAttempt(w *tabwriter.Writer, a wire.ImageAttempt) {
	steps := make([]string, len(a.Steps))
	for i, s := range a.Steps {
		steps[i] = s.Name + " " + milliseconds(s.DurationMS) + redirects(s.Hops)
	}
	status := "-"
	if a.Status != 0 {
		status = strconv.Itoa(a.Status)
	}
	waited := "-"
	if a.WaitedMS != nil {
		waited = milliseconds(*a.WaitedMS)
	}
	fmt.Fprintf(w, "%s\t%d.%d\t%s\t%s\t%s\t%d\t%s\t%s\n", orDashTime(&a.EndedAt), a.Generation, a.Attempt, waited, a.Outcome, status, a.Redirects,
		cmp.Or(strings.Join(steps, ", "), "-"), orDashReason(a.Reason))
}

func milliseconds(n int64) string { return (time.Duration(n) * time.Millisecond).String() }

// redirects are the requests of a download that was redirected; "" where it was not.
func redirects(hops []wire.Hop) string {
	if len(hops) == 0 {
		return ""
	}
	parts := make([]string, len(hops))
	for i, h := range hops {
		answer := "no answer"
		if h.Status != 0 {
			answer = strconv.Itoa(h.Status)
		}
		parts[i] = strings.TrimSpace(h.Host + " " + answer + " in " + milliseconds(h.DurationMS))
	}
	return " (" + strings.Join(parts, ", then ") + ")"
}
