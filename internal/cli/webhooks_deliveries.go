package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"text/tabwriter"
	"time"

	"vitrine.dev/internal/client"
	"vitrine.dev/internal/httpapi/wire"
)

type webhooksTestCommand struct {
	ID   int64  `arg:""                                                                  help:"Of the webhook."`
	Type string `help:"Of the event, such as image.ready; by default the first that it is sent."`
}

// Run has a test event sent.
func (c webhooksTestCommand) Run(ctx context.Context, program Program, to Streams, all *webhooksCommand) error {
	api, err := all.client(program)
	if err != nil {
		return err
	}
	d, err := api.TestWebhook(ctx, c.ID, c.Type)
	return showSent(to, all, d, err)
}

// showSent says that an event is on its way.
func showSent(to Streams, all *webhooksCommand, d client.Answered[wire.Delivery], err error) error {
	return show(to, all, d, err, "%s %s is sent: vitrine webhooks deliveries %d says how it ended", d.Is.Type, d.Is.MessageID, d.Is.WebhookID)
}

type webhooksDeliveriesCommand struct {
	ID    int64  `arg:""         help:"Of the webhook."`
	State string `default:""     enum:",waiting,delivered,failed" help:"Only those that are waiting, delivered or failed."`
	Limit int    `default:"100"  help:"Most lines."`
}

// Run lists.
func (c webhooksDeliveriesCommand) Run(ctx context.Context, program Program, to Streams, all *webhooksCommand) error {
	api, err := all.client(program)
	if err != nil {
		return err
	}
	const head = "ID\tEVENT\tTYPE\tSTATE\tATTEMPTS\tANSWER\tTOOK\tLAST\tNEXT"
	return table(to, all, api.Deliveries(ctx, c.ID, c.State, c.Limit), head, func(w *tabwriter.Writer, d wire.Delivery) {
		answer := orDash(oneLine(d.Error))
		if d.Status != 0 {
			answer = strconv.Itoa(d.Status)
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n", d.ID, d.MessageID, d.Type, d.State, d.Attempts, answer,
			duration(time.Duration(d.DurationMS)*time.Millisecond), orDashTime(d.AttemptedAt), orDashTime(d.NextAt))
	})
}

type webhooksRedeliverCommand struct {
	ID       int64  `arg:""                                                                              help:"Of the webhook."`
	Delivery int64  `arg:""                                                                              help:"The id of a delivery; none with --after." optional:""`
	After    string `help:"Deliver again what follows the event of this id."                             placeholder:"EVENT"`
	Until    string `help:"To the event of this id; by default all that the webhook was sent until now." placeholder:"EVENT"`
}

// Run has events delivered again.
func (c webhooksRedeliverCommand) Run(ctx context.Context, program Program, to Streams, all *webhooksCommand) error {
	if (c.Delivery == 0) == (c.After == "") || c.Until != "" && c.After == "" {
		return Usage(errors.New("name a delivery, or a part of the log with --after and --until"))
	}
	api, err := all.client(program)
	if err != nil {
		return err
	}
	if c.Delivery != 0 {
		d, err := api.Redeliver(ctx, c.ID, c.Delivery)
		return showSent(to, all, d, err)
	}
	h, err := api.RedeliverRange(ctx, c.ID, c.After, c.Until)
	return show(to, all, h, err, "the events after %s are sent to webhook %d again", oneLine(c.After), h.Is.ID)
}
