package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

type (
	deadReplayCommand  struct{ deadSettleFlags }
	deadDiscardCommand struct{ deadSettleFlags }
)

// deadSettleFlags say which dead letters, and how fast.
type deadSettleFlags struct {
	deadFilterFlags

	IDs    []string `help:"Only these: image-42, message-7; a bare number is an image."       name:"ids"      placeholder:"ID,…"`
	All    bool     `help:"Every dead letter; has to be said where nothing else selects."`
	DryRun bool     `help:"Only count."`
	Rate   int64    `help:"Dead letters a second, where they are selected rather than named." placeholder:"N"`
	JSON   bool     `help:"The answers of the API, one a line."                               name:"json"`
}

// Run replays.
func (c deadReplayCommand) Run(ctx context.Context, to streams, all *deadLettersCommand) error {
	return c.settle(ctx, to, all, "replay", "replayed")
}

// Run discards.
func (c deadDiscardCommand) Run(ctx context.Context, to streams, all *deadLettersCommand) error {
	return c.settle(ctx, to, all, "discard", "discarded")
}

// order is the body of the request.
func (c deadSettleFlags) order(now time.Time) (map[string]any, error) {
	filter, err := c.fields(now)
	if err != nil {
		return nil, err
	}
	order := map[string]any{"dry_run": c.DryRun}
	if len(c.IDs) > 0 {
		ids := make([]string, len(c.IDs))
		for i, id := range c.IDs {
			if _, err := strconv.ParseInt(id, 10, 64); err == nil {
				id = "image-" + id
			}
			ids[i] = id
		}
		order["ids"] = ids
	}
	switch {
	case len(filter) > 0:
		order["filter"] = filter
	case len(c.IDs) == 0 && !c.All:
		return nil, errors.New("say which: --ids, a filter such as --reason or --host, or --all")
	}
	if c.All {
		order["all"] = true
	}
	if c.Rate != 0 {
		order["rate"] = c.Rate
	}
	return order, nil
}

// deadJob is a job as the API describes it.
type deadJob struct {
	ID     int64  `json:"id"`
	Action string `json:"action"`
	Total  int64  `json:"total"`
	Done   int64  `json:"done"`
	State  string `json:"state"`
}

// deadAnswer is the answer to a replay or a discard: the outcome, or a job.
type deadAnswer struct {
	deadJob

	Matched int64         `json:"matched"`
	DryRun  bool          `json:"dry_run"`
	Skipped []deadSkipped `json:"skipped"`
}

type deadSkipped struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

// settle asks for the action and follows the job that may come of it. The
// request itself is not cut off by Ctrl-C: then nobody would know of the job.
func (c deadSettleFlags) settle(ctx context.Context, to streams, all *deadLettersCommand, action, participle string) error {
	api, err := all.client()
	if err != nil {
		return err
	}
	order, err := c.order(time.Now())
	if err != nil {
		return err
	}
	var answer deadAnswer
	got, err := api.do(context.WithoutCancel(ctx), http.MethodPost, "/dead-letters/"+action, order, &answer)
	if err != nil {
		return err
	}
	if got.status == http.StatusAccepted {
		follow := &deadFollower{api: api, job: answer.deadJob, bar: newJobProgress(to, participle, c.JSON)}
		return follow.run(ctx)
	}
	return answer.print(to, participle, c.JSON)
}

func (o deadAnswer) print(to streams, participle string, asJSON bool) error {
	if asJSON {
		return writeLine(to.out, map[string]any{"matched": o.Matched, "done": o.Done, "dry_run": o.DryRun, "skipped": o.Skipped})
	}
	verb, n := participle, o.Done
	if o.DryRun {
		verb, n = "would be "+participle, o.Matched
	}
	if _, err := fmt.Fprintf(to.out, "%s %s\n", count(n), verb); err != nil {
		return err
	}
	for _, s := range o.Skipped {
		if _, err := fmt.Fprintf(to.out, "%s %s\n", s.ID, s.Reason); err != nil {
			return err
		}
	}
	return nil
}

// count is a number with its digits in groups of three.
func count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	var groups []string
	for ; len(digits) > 3; digits = digits[:len(digits)-3] {
		groups = append([]string{digits[len(digits)-3:]}, groups...)
	}
	return strings.Join(append([]string{digits}, groups...), ",")
}
