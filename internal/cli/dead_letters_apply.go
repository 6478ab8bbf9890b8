package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"vitrine.dev/internal/httpapi/wire"
)

type (
	replayCommand  struct{ applyFlags }
	discardCommand struct{ applyFlags }
)

// applyFlags say to which dead letters an action is applied, and how fast.
type applyFlags struct {
	filterFlags

	IDs    []string `help:"Only these: image-42, message-7; a bare number is an image."       name:"ids"      placeholder:"ID,…"`
	All    bool     `help:"Every dead letter; required where nothing else selects."`
	DryRun bool     `help:"Only count."`
	Rate   int64    `help:"Dead letters a second, where they are selected rather than named." placeholder:"N"`
	JSON   bool     `help:"The answers of the API, one a line."                               name:"json"`
}

// Run replays.
func (c replayCommand) Run(ctx context.Context, program Program, to Streams, all *deadLettersCommand) error {
	return c.apply(ctx, program, to, all, "replay", "replayed")
}

// Run discards.
func (c discardCommand) Run(ctx context.Context, program Program, to Streams, all *deadLettersCommand) error {
	return c.apply(ctx, program, to, all, "discard", "discarded")
}

// order is the body of the request.
func (c applyFlags) order(now time.Time) (order wire.DeadOrder, err error) {
	order = wire.DeadOrder{All: c.All, DryRun: c.DryRun, Rate: c.Rate}
	if order.Filter, err = c.filter(now); err != nil {
		return order, err
	}
	if order.Filter == (wire.DeadFilter{}) && len(c.IDs) == 0 && !c.All {
		return order, errors.New("say which: --ids, a filter such as --reason or --host, or --all")
	}
	for _, id := range c.IDs {
		if _, err := strconv.ParseInt(id, 10, 64); err == nil {
			id = "image-" + id
		}
		order.IDs = append(order.IDs, id)
	}
	return order, nil
}

// apply asks for the action and follows the job that may come of it. Ctrl-C does
// not cut off the request itself: then no one would know of the job.
func (c applyFlags) apply(
	ctx context.Context, program Program, to Streams, all *deadLettersCommand, action, participle string,
) error {
	api, err := all.client(program)
	if err != nil {
		return err
	}
	order, err := c.order(time.Now())
	if err != nil {
		return err
	}
	outcome, job, err := api.ApplyToDeadLetters(context.WithoutCancel(ctx), action, order)
	if err != nil {
		return err
	}
	if job != nil {
		follow := &follower{api: api, job: *job, bar: newProgress(to, participle, c.JSON), byOthers: "replayed or discarded", left: "stay on the list"}
		return follow.run(ctx)
	}
	if c.JSON {
		return writeLine(to.Out, outcome)
	}
	verb, n := participle, outcome.Done
	if outcome.DryRun {
		verb, n = "would be "+participle, outcome.Matched
	}
	if _, err := fmt.Fprintf(to.Out, "%s %s\n", count(n), verb); err != nil {
		return err
	}
	for _, s := range outcome.Skipped {
		if _, err := fmt.Fprintf(to.Out, "%s %s\n", s.ID, s.Reason); err != nil {
			return err
		}
	}
	return nil
}
