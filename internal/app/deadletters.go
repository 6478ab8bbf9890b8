package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"vitrine.dev/internal/app/config"
)

// deadLettersCommand speaks to the API of a running server. That is one way
// for every shape: an embedded database belongs to the `serve` that holds it,
// and only a process of the system can make its own cache forget.
type deadLettersCommand struct {
	URL string `help:"Where the API listens; where HTTP_ADDR says when left out." placeholder:"URL"`

	List    deadListCommand    `cmd:"" help:"List failed images and unreadable messages, newest first."`
	Replay  deadReplayCommand  `cmd:"" help:"Have failed images worked on anew."`
	Discard deadDiscardCommand `cmd:"" help:"Take dead letters off the list for good."`
}

// deadFilterFlags select dead letters.
type deadFilterFlags struct {
	Reason  string `help:"Only with this reason, such as source_timeout or unreadable."`
	Host    string `help:"Only from this host."`
	User    int64  `help:"Only of products of this user."                               placeholder:"ID"`
	Product int64  `help:"Only of this product."                                        placeholder:"ID"`
	Since   string `help:"Only failed since: RFC 3339, or so long ago, such as 24h."    placeholder:"TIME"`
	Before  string `help:"Only failed before: as --since."                              placeholder:"TIME"`
}

// fields returns what the flags select, under the names that the API has.
func (f deadFilterFlags) fields(now time.Time) (map[string]any, error) {
	fields := map[string]any{}
	for name, text := range map[string]string{"reason": f.Reason, "host": f.Host} {
		if text != "" {
			fields[name] = text
		}
	}
	for name, id := range map[string]int64{"user_id": f.User, "product_id": f.Product} {
		if id != 0 {
			fields[name] = id
		}
	}
	for name, flag := range map[string][2]string{"failed_after": {"--since", f.Since}, "failed_before": {"--before", f.Before}} {
		if flag[1] == "" {
			continue
		}
		t, err := pointInTime(flag[1], now)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", flag[0], err)
		}
		fields[name] = t.UTC().Format(time.RFC3339Nano)
	}
	return fields, nil
}

func pointInTime(text string, now time.Time) (time.Time, error) {
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, errors.New("must be a time such as 2026-11-23T06:00:00Z, or how long ago, such as 24h")
	}
	return t, nil
}

type deadListCommand struct {
	deadFilterFlags

	Limit int  `default:"100"                                help:"Most lines."`
	JSON  bool `help:"One JSON object a line, as of the API." name:"json"`
}

// Run lists.
func (c deadListCommand) Run(ctx context.Context, to streams, all *deadLettersCommand) error {
	api, err := all.client()
	if err != nil {
		return err
	}
	fields, err := c.fields(time.Now())
	if err != nil {
		return err
	}
	query := url.Values{}
	for name, v := range fields {
		query.Set(name, fmt.Sprint(v))
	}
	query.Set("limit", strconv.Itoa(max(1, min(c.Limit, 1000))))
	next, left := "/dead-letters?"+query.Encode(), c.Limit
	for next != "" && left > 0 {
		var page []json.RawMessage
		if next, err = api.page(ctx, next, &page); err != nil {
			return err
		}
		for _, row := range page[:min(left, len(page))] {
			if err := c.print(to, row); err != nil {
				return err
			}
		}
		left -= len(page)
	}
	return nil
}

func (c deadListCommand) print(to streams, row json.RawMessage) error {
	if c.JSON {
		_, err := fmt.Fprintf(to.out, "%s\n", row)
		return err
	}
	var l struct {
		ID       string `json:"id"`
		FailedAt string `json:"failed_at"`
		Reason   struct {
			Code string `json:"code"`
		} `json:"reason"`
		ProductID int64  `json:"product_id"`
		UserID    int64  `json:"user_id"`
		Attempts  int    `json:"attempts"`
		SourceURL string `json:"source_url"`
		MessageID string `json:"message_id"`
		Bytes     int64  `json:"bytes"`
	}
	if err := json.Unmarshal(row, &l); err != nil {
		return fmt.Errorf("the server's answer: %w", err)
	}
	what := fmt.Sprintf("product %d, user %d, %d attempts, %s", l.ProductID, l.UserID, l.Attempts, l.SourceURL)
	if l.MessageID != "" || l.SourceURL == "" {
		what = fmt.Sprintf("message %q of %d bytes", l.MessageID, l.Bytes)
	}
	_, err := fmt.Fprintf(to.out, "%-14s %-24s %-19s %s\n", l.ID, l.FailedAt, l.Reason.Code, what)
	return err
}

// client speaks to the server that the flag or the configuration names.
func (c *deadLettersCommand) client() (*apiClient, error) {
	base := c.URL
	if base == "" {
		cfg, err := config.Load()
		if err != nil {
			return nil, err
		}
		base = cfg.LocalURL()
	}
	if !config.IsHTTPURL(base) {
		return nil, errors.New("--url must be an http or https URL")
	}
	return newAPIClient(strings.TrimSuffix(base, "/")), nil
}
