package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"vitrine.dev/internal/client"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/webhook"
)

type listenCommand struct {
	apiFlag

	ForwardTo string   `help:"Where your receiver listens, such as http://localhost:3000/hooks." placeholder:"URL" required:""`
	After     string   `help:"Begin behind the event of this id, with the oldest that is kept, or with the next one." placeholder:"ID|oldest|latest" default:"latest"`
	Types     []string `help:"Only these types, separated by commas, such as image.failed; by default all that webhooks are sent."`
	Secret    string   `help:"What to sign with, such as whsec_…; one is drawn and printed by default."`
}

// Run forwards events as webhooks, one at a time and once each, until ctx is done.
func (c listenCommand) Run(ctx context.Context, program Program, to Streams) error {
	target, err := url.Parse(c.ForwardTo)
	if err != nil || target.Scheme != "http" && target.Scheme != "https" || target.Host == "" {
		return Usage(errors.New("--forward-to must be an http or https URL"))
	}
	secret := webhook.NewSecret()
	if c.Secret != "" {
		if secret, err = webhook.ParseSecret(c.Secret); err != nil {
			return Usage(fmt.Errorf("--secret %w", err))
		}
	}
	types := c.Types
	for _, t := range webhook.Types() {
		if len(c.Types) == 0 && slices.Contains(events.Types(), t) {
			types = append(types, string(t))
		}
	}
	api, err := c.client(program)
	if err != nil {
		return err
	}
	fmt.Fprintf(to.Err, "forwarding to %s, signed with %s; Ctrl-C stops\n", c.ForwardTo, secret)
	query := client.EventQuery{After: c.After, Types: types, Wait: followWait}
	done := c.After
	return followEvents(ctx, api, query, true, to.Err, func(page *client.EventPage) error {
		for _, e := range page.Data {
			line, err := forward(ctx, c.ForwardTo, secret, e)
			switch {
			case ctx.Err() != nil: // it may not have arrived
				page.NextCursor = done
			case err == nil:
				done = e.ID
				_, err = fmt.Fprintln(to.Out, line)
			}
			if err != nil || ctx.Err() != nil {
				return err
			}
		}
		return nil
	})
}

// forward sends one event, and says in a line how that ended. An error is one of the event.
func forward(ctx context.Context, target string, secret webhook.Secret, e client.Event) (string, error) {
	id, err := events.ParsePublicID(e.ID)
	if err != nil {
		return "", fmt.Errorf("event %q: %w", e.ID, err)
	}
	body, err := webhook.MessageOf(e.Event, id.Position).Encode()
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, webhook.DefaultRunnerConfig().Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return "", fmt.Errorf("forward: %w", err)
	}
	now := time.Now()
	for name, value := range map[string]string{
		"Content-Type": "application/json", "webhook-id": e.ID, "webhook-timestamp": strconv.FormatInt(now.Unix(), 10),
		"webhook-signature": webhook.Sign(e.ID, now, body, secret),
	} {
		r.Header.Set(name, value)
	}
	local := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	outcome := "failed"
	if response, err := local.Do(r); err == nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, webhook.MaxAnswerBytes)) // what it says is no one's matter here
		_ = response.Body.Close()
		outcome = response.Status
	} else {
		outcome += ": " + oneLine(err.Error())
	}
	return fmt.Sprintf("%s  %-15s  %s in %s", e.ID, e.Type, outcome, duration(time.Since(now))), nil
}

type triggerCommand struct {
	apiFlag

	Type    string `arg:"" help:"Of the test event, such as image.ready."`
	Webhook int64  `help:"The id of the webhook that it is sent to." placeholder:"ID" required:""`
}

// Run has a test event sent.
func (c triggerCommand) Run(ctx context.Context, program Program, to Streams) error {
	api, err := c.client(program)
	if err != nil {
		return err
	}
	d, err := api.TestWebhook(ctx, c.Webhook, c.Type)
	if err != nil {
		return err
	}
	fmt.Fprintf(to.Out, "%s is sent; GET /webhooks/%d/deliveries says how it ended\n", d.Is.MessageID, d.Is.WebhookID)
	return nil
}
