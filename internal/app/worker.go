package app

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"vitrine.dev/internal/app/config"
	"vitrine.dev/internal/cli"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/metrics"
	"vitrine.dev/internal/processes"
	"vitrine.dev/internal/statistics"
	"vitrine.dev/internal/upload"
)

func (p *process) addWorker(held *closers) error {
	renderer, err := p.renderer()
	if err != nil {
		return err
	}
	p.log.Info("image engine", "engine", renderer.Engine())
	fetcher := upload.Fetcher{Network: newFetcher(p.cfg, held), Blobs: p.blobs, MaxBytes: p.cfg.ImageMaxBytes}
	downloads, err := newSpool(p.cfg, downloadMemory)
	if err != nil {
		return err
	}
	workerConfig := media.DefaultWorkerConfig(p.cfg.WorkerDownloads, p.cfg.WorkerRenders)
	workerConfig.Lease = p.cfg.JobLease
	workerConfig.Policy = policy(p.cfg)
	workerConfig.Preset = media.DefaultPreset(p.cfg.ImageAVIF)
	counts := statistics.NewRecorder(p.store, p.log)
	observed := observers{p.metrics.Images, counts}
	worker := media.NewWorker(media.Parts{
		Store: p.store, Fetcher: fetcher, Spool: downloads, Renderer: renderer, Blobs: p.blobs,
		Announce: p.views, Observe: observed, Process: p.id, Tracer: p.tracer, Log: p.log,
	}, workerConfig)
	rendering, _ := renderer.(metrics.Renderer) // one that has processes of its own
	p.metrics.Worker(worker, p.slots, rendering)
	sweeperConfig := media.DefaultSweeperConfig()
	sweeperConfig.Policy = policy(p.cfg)
	sweeper := media.NewSweeper(p.store, p.views, observed, sweeperConfig, p.log)
	collector := gc.NewCollector(p.store, p.blobs, p.cfg.OrphanInterval, gc.Config{
		Grace: p.cfg.OrphanGrace, UploadLife: upload.Life, MayDelete: mayCollect(p.identity, p.blobs, p.store), By: p.id,
	}, p.log)
	heart := p.heart(p.cfg.WorkerDownloads, worker, rendering)
	p.tasks = append(p.tasks,
		task{name: "consumer", run: func(ctx context.Context) error {
			return runWorker(ctx, heart, func(ctx context.Context) error {
				return p.queue.Consume(ctx, p.cfg.WorkerDownloads, worker.Handle)
			}, worker.Report, counts.Run)
		}},
		task{name: "dead letters", run: func(ctx context.Context) error { return p.queue.ConsumeDead(ctx, worker.HandleDead) }},
		task{name: "sweeper", run: sweeper.Run},
		task{name: "collector", run: collector.Run},
	)
	return nil
}

// observers are told of the same.
type observers []media.Observer

func (o observers) Attempted(ctx context.Context, a media.Attempted) {
	for _, each := range o {
		each.Attempted(ctx, a)
	}
}

// slots is how many downloads this process has room for.
func (p *process) slots() int {
	if p.stopping.Load() {
		return 0
	}
	return p.cfg.WorkerDownloads
}

// runWorker consumes until ctx is done and what was begun is done too. The heart and the
// reports tell others of this work, and go on until then.
func runWorker(ctx context.Context, heart *processes.Heart, consume func(context.Context) error, reports ...func(context.Context) error) error {
	defer context.AfterFunc(ctx, heart.Drain)()
	beside, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	var group errgroup.Group
	group.Go(func() error { return heart.Run(beside) })
	for _, report := range reports {
		group.Go(func() error { return report(beside) })
	}
	err := consume(ctx)
	end()
	return errors.Join(err, group.Wait())
}

// policy is how failed work is tried again. JOB_MAX_ATTEMPTS bounds the losses
// of workers as well, which are counted by themselves.
func policy(c config.Config) media.Policy {
	return media.Policy{
		MaxAttempts: c.MaxAttempts, MaxCrashes: c.MaxCrashes, MaxLosses: c.MaxAttempts, MaxAge: c.MaxAge,
		Base: c.Backoff, Cap: c.BackoffCap,
	}
}

// addHeart has this process, which does not work on images, count as one of the
// installation.
func (p *process) addHeart() {
	p.tasks = append(p.tasks, task{name: "heartbeat", run: p.heart(0, nil, nil).Run})
}

// heart writes the heartbeats of this process. rendering is nil for one that has no render processes.
func (p *process) heart(slots int, work processes.Work, rendering metrics.Renderer) *processes.Heart {
	this := processes.Process{ID: p.id, Role: p.role.name, Slots: slots, Version: cli.Version()}
	return processes.NewHeart(p.store, this, work, func() processes.Use { return use(rendering) }, p.log)
}
