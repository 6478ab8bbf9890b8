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

// addWorker has the process work on images, and clean up behind those that did.
func (p *process) addWorker(held *closers) error {
	downloads, err := newSpool(p.cfg, downloadMemory)
	if err != nil {
		return err
	}
	fetcher := upload.Fetcher{Network: newFetcher(p.cfg, held), Blobs: p.blobs, MaxBytes: p.cfg.ImageMaxBytes}
	counts := statistics.NewRecorder(p.store, p.log)
	observed := observers{p.metrics.Images, counts}
	parts := media.Parts{
		Store: p.store, Fetcher: fetcher, Spool: downloads, Blobs: p.blobs,
		Announce: p.views, Observe: observed, Process: p.id, Tracer: p.tracer, Log: p.log,
	}
	sweeperConfig := media.DefaultSweeperConfig()
	sweeperConfig.Policy = policy(p.cfg)
	sweeper := media.NewSweeper(p.store, p.views, observed, sweeperConfig, p.log)
	collector := gc.NewCollector(p.store, p.blobs, p.cfg.OrphanInterval, gc.Config{
		Grace: p.cfg.OrphanGrace, UploadLife: upload.Life, MayDelete: mayCollect(p.identity, p.blobs, p.store), By: p.id,
	}, p.log)
	p.tasks = append(p.tasks,
		task{name: "image engine", run: p.renderer.failed, early: true},
		task{name: "images", run: func(ctx context.Context) error { return p.workOnImages(ctx, parts, counts) }},
		task{name: "sweeper", run: sweeper.Run},
		task{name: "collector", run: collector.Run},
	)
	return nil
}

// workOnImages takes jobs until ctx is done. It begins with the renderer's being open, for which nothing else waits: an
// API in the same process answers before.
func (p *process) workOnImages(ctx context.Context, parts media.Parts, counts *statistics.Recorder) error {
	opened, err := p.renderer.await(ctx)
	if err != nil || opened == nil {
		return err
	}
	parts.Renderer = opened
	config := media.DefaultWorkerConfig(p.cfg.WorkerDownloads, p.cfg.WorkerRenders)
	config.Lease = p.cfg.JobLease
	config.Policy = policy(p.cfg)
	config.Preset = media.DefaultPreset(p.cfg.ImageAVIF)
	worker := media.NewWorker(parts, config)
	rendering, _ := opened.(metrics.Renderer) // one that has processes of its own
	p.metrics.Worker(worker, p.slots, rendering)
	heart := p.heart(p.cfg.WorkerDownloads, worker, rendering)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		return runWorker(ctx, heart, func(ctx context.Context) error {
			return p.queue.Consume(ctx, p.cfg.WorkerDownloads, worker.Handle)
		}, worker.Report, counts.Run)
	})
	group.Go(func() error { return p.queue.ConsumeDead(ctx, worker.HandleDead) })
	return group.Wait()
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
