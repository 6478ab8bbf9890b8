package cli

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"vitrine.dev/internal/client"
)

type hostsCommand struct {
	apiFlag

	Host    string `help:"Only this host."`
	Failing bool   `help:"Only hosts whose last URLs have failed."`
	Open    bool   `help:"Only hosts whose breaker has opened and not closed since."`
	Limit   int    `default:"100"                                                 help:"Most lines."`
	JSON    bool   `help:"One JSON object a line, as of the API."                 name:"json"`
}

// Run lists.
func (c hostsCommand) Run(ctx context.Context, program Program, to Streams) error {
	state := ""
	switch {
	case c.Failing && c.Open:
		return Usage(errors.New("--open and --failing exclude one another: hosts with an open breaker fail"))
	case c.Failing:
		state = "failing"
	case c.Open:
		state = "open"
	}
	api, err := c.client(program)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(to.Out, 0, 0, columnGap, ' ', 0)
	lines := 0
	for host, err := range api.Hosts(ctx, c.Host, state, c.Limit) {
		if err != nil {
			return errors.Join(table.Flush(), err)
		}
		if c.JSON {
			_, err = fmt.Fprintf(to.Out, "%s\n", host.Raw)
		} else {
			if lines == 0 {
				fmt.Fprint(table, "HOST\tSTATE\tFAILURES\tOPEN UNTIL\tLAST REASON\tTAKES\tIN FLIGHT\tLIMIT\tPARKED\n")
			}
			writeHost(table, host)
		}
		if err != nil {
			return err
		}
		lines++
	}
	return table.Flush()
}

// writeHost writes a line. Errors are kept by the writer.
func writeHost(w *tabwriter.Writer, h client.Host) {
	takes := "-"
	if h.RecentMS > 0 {
		takes = duration(time.Duration(h.RecentMS) * time.Millisecond)
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\n", oneLine(h.Host.Host), h.State, count(int64(h.Failures)), orDashTime(h.OpenUntil), orDashReason(h.Reason), takes,
		h.InFlight, h.Limit, atLeast(h.Parked, h.ParkedMore))
}
