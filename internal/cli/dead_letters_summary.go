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

type summaryCommand struct {
	filterFlags

	JSON bool `help:"The answer of the API." name:"json"`
}

// Run prints how many failed, by reason, by host and reason, and by user.
func (c summaryCommand) Run(ctx context.Context, program Program, to Streams, all *deadLettersCommand) error {
	api, err := all.client(program)
	if err != nil {
		return err
	}
	filter, err := c.filter(time.Now())
	if err != nil {
		return err
	}
	summary, raw, err := api.DeadLetterSummary(ctx, filter)
	if err != nil {
		return err
	}
	if c.JSON {
		_, err = fmt.Fprintf(to.Out, "%s\n", strings.TrimSpace(string(raw)))
		return err
	}
	table := tabwriter.NewWriter(to.Out, 0, 0, columnGap, ' ', 0)
	writeSummary(table, summary)
	return table.Flush()
}

// writeSummary writes the tables. Errors are kept by the writer.
func writeSummary(w *tabwriter.Writer, s wire.DeadSummary) {
	fmt.Fprintf(w, "%s dead letters\n", atLeast(s.Count, s.More))
	line := func(first string, t wire.DeadTally) {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", first, count(int64(t.Count)), orDashTime(t.OldestAt), orDashTime(t.NewestAt))
	}
	if len(s.Reasons) > 0 {
		fmt.Fprint(w, "\nREASON\tCOUNT\tFIRST\tLAST\n")
	}
	for _, r := range s.Reasons {
		line(r.Reason, r.DeadTally)
	}
	if len(s.Hosts) > 0 {
		fmt.Fprint(w, "\nHOST\tREASON\tCOUNT\tFIRST\tLAST\n")
	}
	for _, h := range s.Hosts {
		for _, r := range h.Reasons {
			line(oneLine(h.Host)+"\t"+r.Reason, r.DeadTally)
		}
	}
	others(w, s.OtherHosts, "host")
	if len(s.Users) > 0 {
		fmt.Fprint(w, "\nUSER\tCOUNT\tFIRST\tLAST\n")
	}
	for _, u := range s.Users {
		line(strconv.FormatInt(u.UserID, 10), u.DeadTally)
	}
	others(w, s.OtherUsers, "user")
}

func others(w *tabwriter.Writer, n int, of string) {
	if n > 0 {
		fmt.Fprintf(w, "and %s\n", several(n, "more "+of))
	}
}
