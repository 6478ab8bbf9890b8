package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"text/tabwriter"
	"time"

	"vitrine.dev/internal/client"
)

type hostsCommand struct {
	apiFlag

	List hostsListCommand `cmd:"" default:"withargs" help:"List hosts by name."`
	Try  hostsTryCommand  `cmd:"" help:"Have a host tried at once whose breaker is open."`
}

type hostsListCommand struct {
	Host    string `help:"Only this host."`
	Failing bool   `help:"Only hosts whose last URLs have failed."`
	Open    bool   `help:"Only hosts whose breaker has opened and not closed since."`
	Limit   int    `default:"100"                                                 help:"Most lines."`
	JSON    bool   `help:"One JSON object a line, as of the API."                 name:"json"`
}

type hostsTryCommand struct {
	Host string `arg:""                               help:"The host, as the list names it."`
	JSON bool   `help:"The host as JSON, as of the API." name:"json"`
}

// Run has the host tried, and prints it.
func (c hostsTryCommand) Run(ctx context.Context, program Program, to Streams, all *hostsCommand) error {
	api, err := all.client(program)
	if err != nil {
		return err
	}
	host, err := api.TryHost(ctx, c.Host)
	switch {
	case err != nil:
		return err
	case c.JSON:
		_, err = fmt.Fprintf(to.Out, "%s\n", bytes.TrimSpace(host.Raw))
		return err
	}
	_, err = fmt.Fprintf(to.Out, "%s is tried with one image at a time until it answers; %s for it.\n", oneLine(host.Host.Host), waits(host.Parked, host.ParkedMore))
	return err
}

// waits is "3 images wait".
func waits(n int, more bool) string {
	if n == 1 {
		return "1 image waits"
	}
	return atLeast(n, more) + " images wait"
}

// Run lists.
func (c hostsListCommand) Run(ctx context.Context, program Program, to Streams, all *hostsCommand) error {
	state := ""
	switch {
	case c.Failing && c.Open:
		return Usage(errors.New("--open and --failing exclude one another: hosts with an open breaker fail"))
	case c.Failing:
		state = "failing"
	case c.Open:
		state = "open"
	}
	api, err := all.client(program)
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
				fmt.Fprint(table, "HOST\tSTATE\tFAILURES\tOPEN UNTIL\tLAST REASON\tTAKES\tIN FLIGHT\tLIMIT\tPARKED\tSUCCEEDED\tP50\tP95\n")
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
	rate, p50, p95 := "-", int64(0), int64(0)
	if f := h.Fetches; f != nil {
		rate, p50, p95 = strconv.FormatFloat(100*f.SuccessRate, 'f', 1, 64)+" %", f.P50MS, f.P95MS
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\t%s\t%s\n", oneLine(h.Host.Host), h.State, count(int64(h.Failures)), orDashTime(h.OpenUntil),
		orDashReason(h.Reason), orDashTook(h.RecentMS), h.InFlight, h.Limit, atLeast(h.Parked, h.ParkedMore), rate, orDashTook(p50), orDashTook(p95))
}

func orDashTook(ms int64) string {
	if ms == 0 {
		return "-"
	}
	return duration(time.Duration(ms) * time.Millisecond)
}
