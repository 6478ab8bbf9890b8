package app

import (
	"context"
	"errors"
	"time"

	"vitrine.dev/internal/expiry"
	"vitrine.dev/internal/post"
	"vitrine.dev/internal/webhook"
)

// deliveriesInterval is how often deliveries are removed that are over.
const deliveriesInterval = time.Hour

// openWebhooks opens what requests about webhooks need, and in a worker, which is what
// reaches the network of others, delivers to them.
func (p *process) openWebhooks(held *closers) error {
	box, err := webhook.NewBox(p.cfg.SecretKey)
	if err != nil {
		return err
	}
	if !box.Encrypts() {
		p.log.Info("the secrets of webhooks are stored as they are; set SECRET_KEY to have them encrypted")
	}
	sender := post.New(p.cfg.WebhookAllowPrivate)
	held.add("webhook sender", sender)
	epoch := func() string { epoch, _ := p.identity.Epoch(); return epoch }
	p.webhooks = webhook.NewService(p.store, sender.Check, box, p.horizon.Now, epoch)
	if !p.role.worker {
		return nil
	}
	settings := webhook.DefaultRunnerConfig()
	settings.Drain = p.cfg.DrainTimeout
	runner := webhook.NewRunner(webhook.Parts{
		Outbox: p.store, Positions: p.store, Horizon: p.horizon, Sender: sender, Box: box, Epoch: p.knownEpoch, Log: p.log,
	}, settings)
	old := expiry.New("deliveries", func(ctx context.Context, limit int) (int, error) {
		return p.store.PurgeDeliveries(ctx, webhook.KeepDeliveries, webhook.MostDeliveries, limit)
	}, deliveriesInterval, p.log)
	p.tasks = append(p.tasks, task{name: "webhooks", run: runner.Run}, task{name: "deliveries", run: old.Run})
	return nil
}

var errNoEpoch = errors.New("the epoch of the installation is not known")

// knownEpoch returns the epoch, which is a part of the ids of events.
func (p *process) knownEpoch(ctx context.Context) (string, error) {
	epoch, _ := p.identity.AskEpoch(ctx)
	if epoch == "" {
		return "", errNoEpoch
	}
	return epoch, nil
}
