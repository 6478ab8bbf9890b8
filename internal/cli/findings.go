package cli

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"vitrine.dev/internal/httpapi/wire"
)

type findingsCommand struct {
	apiFlag

	JSON bool `help:"The answer of the API." name:"json"`
}

// Run prints what is wrong, what concerns most images first.
func (c findingsCommand) Run(ctx context.Context, program Program, to Streams) error {
	api, err := c.client(program)
	if err != nil {
		return err
	}
	found, raw, err := api.Findings(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		_, err = fmt.Fprintf(to.Out, "%s\n", strings.TrimSpace(string(raw)))
		return err
	}
	if len(found.Data) == 0 {
		_, err = fmt.Fprintln(to.Out, "Nothing is known to be wrong.")
		return err
	}
	table := tabwriter.NewWriter(to.Out, 0, 0, columnGap, ' ', 0)
	for _, f := range found.Data {
		line := fmt.Sprintf("%s\t%s", f.Severity, oneLine(f.Text))
		if try := commandFor(f.Action); try != "" {
			line += "\n\t" + try
		}
		if _, err := fmt.Fprintln(table, line); err != nil {
			return err
		}
	}
	return table.Flush()
}

// commandFor is what to type for the action; "" where no command does it.
func commandFor(a wire.FindingAction) string {
	failed := ""
	if a.Host != "" {
		failed += " --host " + oneLine(a.Host)
	}
	if a.Reason != "" {
		failed += " --reason " + a.Reason
	}
	if a.FailedAfter != nil {
		failed += " --since 24h"
	}
	switch a.Kind {
	case "retry_failures":
		return "vitrine dead-letters replay" + failed
	case "show_failures":
		return "vitrine dead-letters list" + failed
	case "show_host":
		return "vitrine hosts --host " + oneLine(a.Host)
	case "show_workers", "show_queue":
		return "vitrine queue"
	case "show_webhook":
		return fmt.Sprintf("vitrine webhooks deliveries %d", a.ID)
	default:
		return ""
	}
}
