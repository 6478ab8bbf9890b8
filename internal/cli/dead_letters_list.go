package cli

import (
	"context"
	"fmt"
	"time"

	"vitrine.dev/internal/client"
)

type listCommand struct {
	filterFlags

	Limit int  `default:"100"                                help:"Most lines."`
	JSON  bool `help:"One JSON object a line, as of the API." name:"json"`
}

// Run lists.
func (c listCommand) Run(ctx context.Context, program Program, to Streams, all *deadLettersCommand) error {
	api, err := all.client(program)
	if err != nil {
		return err
	}
	filter, err := c.filter(time.Now())
	if err != nil {
		return err
	}
	for letter, err := range api.DeadLetters(ctx, filter, c.Limit) {
		if err != nil {
			return err
		}
		if err := c.print(to, letter); err != nil {
			return err
		}
	}
	return nil
}

func (c listCommand) print(to Streams, l client.DeadLetter) error {
	if c.JSON {
		_, err := fmt.Fprintf(to.Out, "%s\n", l.Raw)
		return err
	}
	what := fmt.Sprintf("product %d, user %d, %d attempts, %s", l.ProductID, l.UserID, l.Attempts, l.SourceURL)
	if l.Bytes != nil {
		what = fmt.Sprintf("message %q of %d bytes", l.MessageID, *l.Bytes)
	}
	_, err := fmt.Fprintf(to.Out, "%-14s %-24s %-19s %s\n", l.ID, l.FailedAt.Format(time.RFC3339Nano), l.Reason.Code, what)
	return err
}
