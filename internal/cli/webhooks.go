package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"text/tabwriter"
	"time"

	"vitrine.dev/internal/client"
	"vitrine.dev/internal/httpapi/wire"
)

type webhooksCommand struct {
	apiFlag

	JSON bool `help:"One JSON object a line, as of the API." name:"json"`

	List       webhooksListCommand       `cmd:"" help:"List webhooks by id."`
	Create     webhooksCreateCommand     `cmd:"" help:"Have events sent to a URL, and print the secret that they are signed with: no one can read it again."`
	Update     webhooksUpdateCommand     `cmd:"" help:"Change, enable or disable a webhook."`
	Delete     webhooksDeleteCommand     `cmd:"" help:"Delete a webhook with its deliveries."`
	Rotate     webhooksRotateCommand     `cmd:"" help:"Replace the secret of a webhook, and print the new one."`
	Test       webhooksTestCommand       `cmd:"" help:"Send a test event to a webhook."`
	Deliveries webhooksDeliveriesCommand `cmd:"" help:"List what was delivered to a webhook, newest first."`
	Redeliver  webhooksRedeliverCommand  `cmd:"" help:"Deliver an event, or a part of the log of events, again."`
}

// show prints what the API has answered: as it is, or as the text.
func show[T any](to Streams, all *webhooksCommand, a client.Answered[T], err error, text string, args ...any) error {
	if err != nil {
		return byAnswer(err)
	}
	if all.JSON {
		_, err = fmt.Fprintf(to.Out, "%s\n", a.Raw)
	} else {
		_, err = fmt.Fprintf(to.Out, text+"\n", args...)
	}
	return err
}

// table prints what the API lists: as it is, or as lines of a table.
func table[T any](to Streams, all *webhooksCommand, list iter.Seq2[client.Answered[T], error], head string, line func(*tabwriter.Writer, T)) error {
	table := tabwriter.NewWriter(to.Out, 0, 0, columnGap, ' ', 0)
	lines := 0
	for a, err := range list {
		if err != nil {
			return errors.Join(table.Flush(), byAnswer(err))
		}
		if all.JSON {
			if _, err := fmt.Fprintf(to.Out, "%s\n", a.Raw); err != nil {
				return err
			}
			continue
		}
		if lines++; lines == 1 {
			fmt.Fprintln(table, head)
		}
		line(table, a.Is)
	}
	return table.Flush()
}

type webhooksListCommand struct {
	User  int64 `help:"Of this user; by default of the user of the key." placeholder:"ID"`
	Limit int   `default:"100"                                           help:"Most lines."`
}

// Run lists.
func (c webhooksListCommand) Run(ctx context.Context, program Program, to Streams, all *webhooksCommand) error {
	api, err := all.client(program)
	if err != nil {
		return err
	}
	return table(to, all, api.Webhooks(ctx, c.User, c.Limit), "ID\tUSER\tSTATE\tFAILURES\tTYPES\tNAME\tURL", func(w *tabwriter.Writer, h wire.Webhook) {
		types := "all"
		if len(h.Types) > 0 {
			types = strings.Join(h.Types, ",")
		}
		fmt.Fprintf(w, "%d\t%d\t%s\t%d\t%s\t%s\t%s\n", h.ID, h.UserID, webhookState(h), h.Failures, types, orDash(oneLine(h.Name)), oneLine(h.URL))
	})
}

// webhookState says in a word or two whether the webhook is sent events.
func webhookState(h wire.Webhook) string {
	switch {
	case !h.Enabled:
		return "disabled (" + h.DisabledReason + ")"
	case h.PausedUntil != nil:
		return "paused until " + h.PausedUntil.Format(time.RFC3339)
	case h.WarnedAt != nil:
		return "failing"
	case h.Redelivering:
		return "redelivering"
	default:
		return "enabled"
	}
}

// webhookFields are those that are asked for.
type webhookFields map[string]any

func (f webhookFields) set(name, text string) {
	if text != "" {
		f[name] = text
	}
}

type webhooksCreateCommand struct {
	To     string   `arg:""                                                                            help:"Where events are sent, such as https://shop.example/hooks." name:"url"`
	Name   string   `help:"What it is for."`
	Types  []string `help:"Only these types, separated by commas, such as image.failed; by default all."`
	User   int64    `help:"Whose events; by default of the user of the key."                           placeholder:"ID"`
	Secret string   `help:"What to sign with, such as whsec_…; one is drawn by default."`
}

// Run makes the webhook.
func (c webhooksCreateCommand) Run(ctx context.Context, program Program, to Streams, all *webhooksCommand) error {
	api, err := all.client(program)
	if err != nil {
		return err
	}
	fields := webhookFields{"url": c.To}
	fields.set("name", c.Name)
	fields.set("secret", c.Secret)
	if len(c.Types) > 0 {
		fields["types"] = c.Types
	}
	if c.User != 0 {
		fields["user_id"] = c.User
	}
	made, err := api.CreateWebhook(ctx, fields)
	return showSecret(to, all, made, err, "webhook %d of user %d is made")
}

// showSecret prints a secret alone to the output, so that a script can take it.
func showSecret(to Streams, all *webhooksCommand, h client.Answered[wire.CreatedWebhook], err error, done string) error {
	if err == nil && !all.JSON {
		fmt.Fprintf(to.Err, done+". Keep the secret now, it is not shown again:\n", h.Is.ID, h.Is.UserID)
	}
	return show(to, all, h, err, "%s", h.Is.Secret)
}

type webhooksUpdateCommand struct {
	ID       int64    `arg:""                                                   help:"Of the webhook."`
	SendTo   string   `help:"Where events are sent."                            placeholder:"URL"`
	Name     string   `help:"What it is for."`
	Types    []string `help:"Only these types, separated by commas."            xor:"types"`
	AllTypes bool     `help:"All types."                                        xor:"types"`
	Enable   bool     `help:"Go on where it is in the log, without the failures of before." xor:"enabled"`
	Disable  bool     `help:"Send nothing; it keeps its place in the log."      xor:"enabled"`
}

// Run changes the webhook.
func (c webhooksUpdateCommand) Run(ctx context.Context, program Program, to Streams, all *webhooksCommand) error {
	fields := webhookFields{}
	fields.set("url", c.SendTo)
	fields.set("name", c.Name)
	switch {
	case c.AllTypes:
		fields["types"] = nil
	case len(c.Types) > 0:
		fields["types"] = c.Types
	}
	if c.Enable || c.Disable {
		fields["enabled"] = c.Enable
	}
	if len(fields) == 0 {
		return Usage(errors.New("say what is to be changed: --send-to, --name, --types, --all-types, --enable or --disable"))
	}
	api, err := all.client(program)
	if err != nil {
		return err
	}
	h, err := api.ChangeWebhook(ctx, c.ID, fields)
	return show(to, all, h, err, "webhook %d is changed: %s, sent to %s", h.Is.ID, webhookState(h.Is), oneLine(h.Is.URL))
}

type webhooksDeleteCommand struct {
	ID int64 `arg:"" help:"Of the webhook."`
}

// Run deletes the webhook.
func (c webhooksDeleteCommand) Run(ctx context.Context, program Program, to Streams, all *webhooksCommand) error {
	api, err := all.client(program)
	if err != nil {
		return err
	}
	if err := api.DeleteWebhook(ctx, c.ID); err != nil || all.JSON { // there is nothing to show
		return byAnswer(err)
	}
	_, err = fmt.Fprintf(to.Out, "webhook %d is deleted\n", c.ID)
	return err
}

type webhooksRotateCommand struct {
	ID      int64         `arg:""                                                         help:"Of the webhook."`
	Secret  string        `help:"The new secret, such as whsec_…; one is drawn by default."`
	Overlap time.Duration `default:"24h"                                                  help:"For how long requests are signed with the old secret, too, such as 1h or 7d."`
}

// Run replaces the secret.
func (c webhooksRotateCommand) Run(ctx context.Context, program Program, to Streams, all *webhooksCommand) error {
	api, err := all.client(program)
	if err != nil {
		return err
	}
	fields := webhookFields{"overlap": int64(c.Overlap / time.Second)}
	fields.set("secret", c.Secret)
	h, err := api.RotateWebhookSecret(ctx, c.ID, fields)
	return showSecret(to, all, h, err, "webhook %d of user %d has a new secret")
}
