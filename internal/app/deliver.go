package app

import (
	"context"
	"errors"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/expiry"
	"vitrine.dev/internal/failpoint"
	"vitrine.dev/internal/post"
	"vitrine.dev/internal/webhook"
)

// addEvents reads the log of events for the cache, where there is one, and
// removes what is old.
func (p *process) addEvents() {
	retention := events.DefaultRetentionConfig()
	retention.Age, retention.Count = p.cfg.EventRetention, p.cfg.EventMaxCount
	p.tasks = append(p.tasks, task{name: "event retention", run: events.NewRetention(p.store, retention, p.log).Run})
	p.horizon = events.NewHorizon(p.store, events.DefaultHorizonConfig(), p.log)
	p.metrics.Readers(p.horizon.Lags)
	if !p.cache.Enabled() {
		return
	}
	reading := events.DefaultReaderConfig()
	reading.Drain, reading.Pace = p.cfg.DrainTimeout, catalog.RepeatPace
	reader := events.NewReader(catalog.CacheReader, p.horizon, p.store, p.repeatInvalidations, reading, p.log)
	p.tasks = append(p.tasks, task{name: "event reader", run: reader.Run})
}

// repeatInvalidations invalidates the cache, also where the process that made
// the change ended before it could.
func (p *process) repeatInvalidations(ctx context.Context, page events.Page) (int, error) {
	done, err := p.views.Repeat(ctx, page)
	if err == nil && done > 0 {
		err = p.identity.Acted(ctx, page.Events[done-1].ID)
	}
	if err == nil {
		failpoint.Crash(failpoint.Invalidated)
	}
	return done, err
}

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
		Outbox: p.store, Leases: p.store, Horizon: p.horizon, Sender: sender, Box: box, Epoch: p.knownEpoch, Observe: p.metrics.Delivered, Log: p.log,
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
