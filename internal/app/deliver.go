package app

import (
	"context"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/failpoint"
)

// addEvents reads the log of events for the cache, where there is one, and
// removes what is old.
func (p *process) addEvents() {
	retention := events.DefaultRetentionConfig()
	retention.Age, retention.Count = p.cfg.EventRetention, p.cfg.EventMaxCount
	p.tasks = append(p.tasks, task{name: "event retention", run: events.NewRetention(p.store, retention, p.log).Run})
	p.horizon = events.NewHorizon(p.store, events.DefaultHorizonConfig(), p.log)
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
