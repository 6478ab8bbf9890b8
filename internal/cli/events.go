package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/client"
)

const (
	// followWait is how long the server keeps an answer back until there are events.
	followWait = 10 * time.Second
	// followPace is how often it is asked at most where it does not.
	followPace = time.Second
)

type eventsCommand struct {
	apiFlag

	Follow  bool     `help:"Go on with what happens, from now on where --after does not say otherwise, until Ctrl-C." short:"f"`
	After   string   `help:"Begin behind the event of this id, with the oldest that is kept, or with the next one." placeholder:"ID|oldest|latest"`
	Types   []string `help:"Only these types, separated by commas, such as image.failed."`
	Product int64    `help:"Only events of this product."                                                           placeholder:"ID"`
	JSON    bool     `help:"One JSON object a line, as of the API."                                                 name:"json"`
}

// Run prints events, one a line.
func (c eventsCommand) Run(ctx context.Context, program Program, to Streams) error {
	api, err := c.client(program)
	if err != nil {
		return err
	}
	query := client.EventQuery{After: c.After, Types: c.Types, Product: c.Product}
	if c.Follow {
		query.Wait = followWait
		if c.After == "" {
			query.After = "latest"
		}
	}
	return followEvents(ctx, api, query, c.Follow, to.Err, func(page *client.EventPage) error { return c.print(to.Out, *page) })
}

// followEvents hands what changes to each, page by page: to the end of the log, or until ctx is
// done, over outages of the server. It then says from where to go on; each may set a page's
// NextCursor back where it was stopped within it.
func followEvents(
	ctx context.Context, api *client.Client, query client.EventQuery, follow bool, said io.Writer, each func(*client.EventPage) error,
) error {
	answered := time.Now()
	for ctx.Err() == nil || !follow {
		asked := time.Now()
		page, err := api.Events(ctx, query)
		switch {
		case err == nil:
			answered = time.Now()
		case follow && ctx.Err() != nil: // the loop ends
		case !follow || !client.IsTemporary(err) || time.Since(answered) > outageLimit:
			return err
		}
		if err := each(&page); err != nil {
			return err
		}
		if err == nil {
			query.After = page.NextCursor
		}
		if !follow && !page.More {
			return nil
		}
		if len(page.Data) == 0 && !page.More {
			_ = backoff.Sleep(ctx, followPace-time.Since(asked)) // its end ends the loop
		}
	}
	fmt.Fprintf(said, "stopped; --after %s goes on from here\n", query.After)
	return nil
}

func (c eventsCommand) print(w io.Writer, page client.EventPage) error {
	for _, e := range page.Data {
		line := eventLine(e)
		if c.JSON {
			line = string(e.Raw)
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return fmt.Errorf("print: %w", err)
		}
	}
	return nil
}

// eventLine is an event on one line: time, id, type, what it is of, and what else it says.
func eventLine(e client.Event) string {
	parts := []string{e.OccurredAt.Format(time.RFC3339), e.ID, fmt.Sprintf("%-15s", e.Type)}
	add := func(format string, value any, given bool) {
		if given {
			parts = append(parts, fmt.Sprintf(format, value))
		}
	}
	add("product %d", e.ProductID, e.ProductID != 0)
	add("image %d", e.ImageID, e.ImageID != 0)
	if e.Product != nil {
		parts = append(parts, fmt.Sprintf("version %d revision %d", e.Product.Version, e.Product.Revision))
	}
	add("changed %s", strings.Join(e.Data.Fields, ","), len(e.Data.Fields) > 0)
	add("attempt %d", e.Data.Attempt, e.Data.Attempt != 0)
	add("%s", e.Data.Reason, e.Data.Reason != "")
	add("again in %s", duration(time.Duration(e.Data.DelayMS)*time.Millisecond), e.Data.DelayMS != 0)
	add("by %s", e.Data.Cause, e.Data.Cause != "")
	return oneLine(strings.Join(parts, "  "))
}
