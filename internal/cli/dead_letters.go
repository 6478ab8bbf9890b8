package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vitrine.dev/internal/client"
	"vitrine.dev/internal/httpapi/wire"
)

// deadLettersCommand speaks to the API of a running server. That works for
// every deployment: an embedded database belongs to the `serve` that holds it,
// and only a process of the system can invalidate its own cache.
type deadLettersCommand struct {
	apiFlag

	List    listCommand    `cmd:"" help:"List failed images and unreadable messages, newest first."`
	Summary summaryCommand `cmd:"" help:"Count failed images and unreadable messages by reason, host and user."`
	Replay  replayCommand  `cmd:"" help:"Retry failed images."`
	Discard discardCommand `cmd:"" help:"Remove dead letters from the list for good."`
}

// filterFlags select dead letters.
type filterFlags struct {
	Reason  string `help:"Only with this reason, such as source_timeout or unreadable."`
	Host    string `help:"Only from this host."`
	User    int64  `help:"Only of products of this user."                               placeholder:"ID"`
	Product int64  `help:"Only of this product."                                        placeholder:"ID"`
	Since   string `help:"Only failed since: RFC 3339, or so long ago, such as 24h."    placeholder:"TIME"`
	Before  string `help:"Only failed before: as --since."                              placeholder:"TIME"`
}

func (f filterFlags) filter(now time.Time) (filter wire.DeadFilter, err error) {
	filter = wire.DeadFilter{Reason: f.Reason, Host: f.Host, UserID: f.User, ProductID: f.Product}
	if filter.FailedAfter, err = pointInTime(f.Since, now); err != nil {
		return filter, fmt.Errorf("--since: %w", err)
	}
	if filter.FailedBefore, err = pointInTime(f.Before, now); err != nil {
		return filter, fmt.Errorf("--before: %w", err)
	}
	return filter, nil
}

// pointInTime returns nil for no text.
func pointInTime(text string, now time.Time) (*time.Time, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no bound
	}
	if ago, err := parseDuration(text); err == nil && ago >= 0 {
		return new(now.Add(-ago).UTC()), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return nil, errors.New("must be a time such as 2026-11-23T06:00:00Z, or how long ago, such as 24h or 31d")
	}
	return new(t.UTC()), nil
}

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
	what := fmt.Sprintf("product %d, user %d, %s, %s", l.ProductID, l.UserID, several(l.Attempts, "attempt"), l.SourceURL)
	if l.Bytes != nil {
		what = fmt.Sprintf("message %q of %d bytes", l.MessageID, *l.Bytes)
	}
	_, err := fmt.Fprintf(to.Out, "%-14s %-24s %-19s %s\n", l.ID, l.FailedAt.Format(time.RFC3339Nano), l.Reason.Code, what)
	return err
}
