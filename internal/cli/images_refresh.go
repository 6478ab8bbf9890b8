package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vitrine.dev/internal/httpapi/wire"
)

// imagesRefreshCommand selects ready images, and says how fast they are fetched again.
type imagesRefreshCommand struct {
	Host          string  `help:"Only from this host."`
	User          int64   `help:"Only of products of this user."                                                  placeholder:"ID"`
	Products      []int64 `help:"Only of these products."                                                         placeholder:"ID,…"`
	UpdatedBefore string  `help:"Only that have shown what they do since then: RFC 3339, or so long ago, as 24h." placeholder:"TIME"`
	All           bool    `help:"Every image; required where nothing else selects."`
	DryRun        bool    `help:"Only count."`
	Rate          int64   `help:"Images a second."                                                                placeholder:"N"`
	JSON          bool    `help:"The answers of the API, one a line."                                             name:"json"`
}

// order is the body of the request.
func (c imagesRefreshCommand) order(now time.Time) (wire.RefreshOrder, error) {
	before, err := pointInTime(c.UpdatedBefore, now)
	if err != nil {
		return wire.RefreshOrder{}, fmt.Errorf("--updated-before: %w", err)
	}
	if c.Host == "" && c.User == 0 && len(c.Products) == 0 && before == nil && !c.All {
		return wire.RefreshOrder{}, errors.New("say which: a filter such as --host or --user, or --all")
	}
	return wire.RefreshOrder{
		Filter: wire.RefreshFilter{Host: c.Host, UserID: c.User, ProductIDs: c.Products, UpdatedBefore: before},
		All:    c.All, DryRun: c.DryRun, Rate: c.Rate,
	}, nil
}

// Run asks for a job and follows it. Ctrl-C does not cut off the request itself: then no
// one would know of the job.
func (c imagesRefreshCommand) Run(ctx context.Context, program Program, to Streams, all *imagesCommand) error {
	api, err := all.client(program)
	if err != nil {
		return err
	}
	order, err := c.order(time.Now())
	if err != nil {
		return err
	}
	counted, job, err := api.RefreshImages(context.WithoutCancel(ctx), order)
	switch {
	case err != nil:
		return err
	case job != nil:
		follow := &follower{api: api, job: *job, bar: newProgress(to, "in line to be fetched again", c.JSON), byOthers: "put in line", left: "are left as they are"}
		return follow.run(ctx)
	case c.JSON:
		return writeLine(to.Out, counted)
	}
	_, err = fmt.Fprintf(to.Out, "%s would be fetched again\n", count(counted.Matched))
	return err
}
