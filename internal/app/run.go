package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"vitrine.dev/internal/app/config"
	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/bulk/imports"
	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/cache/readthrough"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/cli"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/erasure"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/expiry"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpapi/products"
	"vitrine.dev/internal/installation"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/metrics"
	"vitrine.dev/internal/monitor"
	"vitrine.dev/internal/processes"
	"vitrine.dev/internal/queue"
	"vitrine.dev/internal/ratelimit"
	"vitrine.dev/internal/refresh"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/statistics"
	"vitrine.dev/internal/tracing"
	"vitrine.dev/internal/upload"
	"vitrine.dev/internal/webhook"
)

// process is one running process: its parts and its tasks.
type process struct {
	cfg    config.Config
	role   role
	id     string    // among the processes of the installation
	person io.Writer // who started the process
	log    *slog.Logger
	store  *sqlstore.Store
	// identity says which installation this is, and its epoch.
	identity  *installation.Identity
	cache     *readthrough.Cache
	leases    ratelimit.Leases // nil: limits are counted in this process
	views     *catalog.Views
	queue     *queue.Queue
	blobs     blob.Store
	tracer    *tracing.Tracer  // nil: spans are sent to no one
	renderer  *opening         // of a worker
	presigner upload.Presigner // nil: the storage takes nothing from clients
	horizon   *events.Horizon  // of the log, for all who read it
	tasks     []task
	checks    []*monitor.Check
	metrics   *metrics.Metrics
	health    *monitor.Monitor

	console  lateConsole // of an API
	jobs     *job.Runner
	webhooks *webhook.Service

	listener net.Listener // of an API
	stopping atomic.Bool  // the process is about to end; the API still answers for DrainDelay
}

// task runs until its context is done, and then drains and returns nil.
type task struct {
	name string
	run  func(ctx context.Context) error
	// early says that it runs also while it is not known yet whether the process
	// may work on the installation.
	early bool
}

// run opens the parts that the role needs, runs its tasks until ctx is done,
// lets them drain, and closes the parts in reverse order.
func run(ctx context.Context, to cli.Streams, r role, cfg config.Config, log *slog.Logger) error {
	slog.SetDefault(log) // for libraries that know no other
	var held closers
	defer held.close(log)

	version, commit, goVersion := cli.Made()
	p := &process{
		cfg: cfg, role: r, id: processes.NewID(), person: to.Err, log: log,
		metrics: metrics.New(metrics.Build{Version: version, Commit: commit, Go: goVersion}),
	}
	if r.worker {
		p.renderer = openRenderer(ctx, cfg, &held, log)
	}
	if r.worker && !r.api && cfg.ImageIsolation != "none" {
		keepSmall()
	}
	err := p.prepare(ctx, &held)
	if err == nil {
		err = p.addTasks(&held) //nolint:contextcheck // tasks get theirs when they run
	}
	switch {
	case err == nil:
		return p.runTasks(ctx)
	case ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.Cause(ctx))):
		log.InfoContext(ctx, "stopped before it was ready")
		return nil
	default:
		return err
	}
}

// addTasks adds all tasks of the role.
func (p *process) addTasks(held *closers) error {
	p.tasks = append(p.tasks, task{name: "health", run: p.health.Start, early: true},
		task{name: "installation", run: p.identity.Run, early: true})
	p.addEvents()
	p.addDispatcher()
	p.addFigures()
	kinds := failures.JobKinds(p.store, p.views)
	maps.Copy(kinds, erasure.JobKinds(p.store, p.views))
	maps.Copy(kinds, refresh.JobKinds(p.store))
	importer := imports.NewWorker(p.store, p.blobs, products.DecodeRow, p.views, p.log)
	importer.Observe = p.metrics.Imported
	maps.Copy(kinds, importer.JobKinds())
	p.jobs = job.NewRunner(p.store, kinds, job.DefaultRunnerConfig(), p.log)
	p.tasks = append(p.tasks, task{name: "jobs", run: p.jobs.Run})
	if err := p.openWebhooks(held); err != nil {
		return err
	}
	if p.role.worker {
		if err := p.addWorker(held); err != nil {
			return err
		}
	} else {
		p.addHeart()
	}
	if p.role.api {
		return p.addServer()
	}
	return nil
}

// prepare opens the parts and makes sure that the process may use them.
func (p *process) prepare(ctx context.Context, held *closers) error {
	if p.role.api {
		if err := p.listen(ctx, held); err != nil {
			return err
		}
	}
	if err := p.open(ctx, held); err != nil {
		return err
	}
	p.serveAdmin(ctx, held)
	if err := p.prepareSchema(ctx); err != nil {
		return err
	}
	return p.admit(ctx)
}

func (p *process) open(ctx context.Context, held *closers) (err error) {
	queries, err := p.openTracing(ctx, held)
	if err != nil {
		return err
	}
	if p.store, err = openStore(ctx, p.cfg, p.role, held, p.log, queries); err != nil {
		return err
	}
	p.watchDatabase(p.store)
	p.identity = installation.New(p.store, externalParts(p.cfg), p.log)
	var cacheKind string
	p.cache, cacheKind, err = openCache(ctx, p.cfg, p.role, held, p.log, p.identity, func(engine cache.Cache) cache.Cache {
		p.leases, _ = engine.(ratelimit.Leases)
		return p.watchCache(engine)
	})
	if err != nil {
		return err
	}
	p.metrics.Cache(func() metrics.CacheRequests { return metrics.CacheRequests(p.cache.Stats()) })
	p.views = catalog.NewViews(p.cache, p.identity.AskEpoch, p.log)
	held.add("lists", p.views)
	transport, err := openQueue(p.cfg, held, p.identity, p.log)
	if err != nil {
		return err
	}
	p.queue = queue.New(p.watchQueue(transport), p.cfg.DrainTimeout, p.log)
	if p.blobs, err = openBlobs(ctx, p.cfg, held); err != nil {
		return err
	}
	p.presigner, _ = p.blobs.(upload.Presigner)
	p.blobs = p.watchBlobs(p.guardBlobs(p.blobs))
	p.health = monitor.New(p.log, p.checks...)
	p.log.InfoContext(ctx, "parts", "database", cmp.Or(p.cfg.DBHost, "sqlite"), "cache", cacheKind,
		"queue", cmp.Or(p.cfg.QueueHost, "in process"), "storage", cmp.Or(p.cfg.S3Bucket, "disk"))
	return nil
}

// prepareSchema migrates an embedded database, which no one else does, and
// refuses to run on a server's schema that is too old. Where a server is down,
// the parts that need it wait for it.
func (p *process) prepareSchema(ctx context.Context) error {
	if p.cfg.DBHost == "" {
		if _, err := p.store.Migrate(ctx); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		if p.role.alone() { // DATA_DIR is locked: what is leased was left by a process that died
			return p.store.EndLeases(ctx)
		}
		return nil
	}
	err := p.store.CheckSchema(ctx)
	if err == nil {
		p.store.WarnOfOptional(ctx)
	}
	if fault.KindOf(err) == fault.Unavailable && !errors.Is(err, sqldb.ErrTransactionPooling) {
		return nil // which package monitor logs
	}
	return err
}

// addDispatcher hands the jobs of images to the queue. Those for an in-process
// queue are dispatched only in the process of the worker that takes them.
func (p *process) addDispatcher() {
	if p.cfg.QueueHost == "" && !p.role.worker {
		return
	}
	dispatcher := dispatch.New(p.store, p.queue, p.wake(), dispatching(p.cfg), p.log)
	p.tasks = append(p.tasks, task{name: "dispatcher", run: dispatcher.Run})
}

// addFigures samples the figures of the installation for metrics and statistics, where no other process does, and
// removes old statistics.
func (p *process) addFigures() {
	inspector, sampler := dispatch.NewInspector(p.store, dispatching(p.cfg).Limits), statistics.NewSampler(p.store, p.log)
	figures := p.metrics.Installation(inspector, p.store, p.store, sampler.Sampled, p.log)
	old := expiry.New("minutes", func(ctx context.Context, limit int) (int, error) {
		return p.store.PurgeMinutes(ctx, statistics.Keep, limit)
	}, minutesInterval, p.log)
	fetches := expiry.New("fetches of hosts", func(ctx context.Context, limit int) (int, error) {
		return p.store.PurgeFetches(ctx, statistics.FetchesKeep, limit)
	}, minutesInterval, p.log)
	p.tasks = append(p.tasks,
		task{name: "metrics", run: figures.Run}, task{name: "minutes", run: old.Run}, task{name: "fetches of hosts", run: fetches.Run})
}

// minutesInterval is how often minutes and fetches are removed that are old.
const minutesInterval = time.Hour

// wake is what wakes this process's dispatcher. An in-process queue has no other one,
// so that also an API in a process of its own relies on it.
func (p *process) wake() dispatch.Wake {
	if p.cfg.QueueHost == "" {
		return p.store.Wake
	}
	return p.store.WakeOwn
}

func (p *process) runTasks(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, t := range p.tasks {
		group.Go(func() error {
			if !t.early && !p.identity.Await(ctx) {
				return nil
			}
			if err := t.run(ctx); err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			return nil
		})
	}
	go giveBack()
	group.Go(func() error { // a task, so that it is logged before "stopped"
		<-ctx.Done()
		p.stopping.Store(true)
		p.log.InfoContext(ctx, "stopping: finishing what is under way")
		return nil
	})
	err := group.Wait()
	p.log.InfoContext(ctx, "stopped")
	return err
}

// giveBack returns the memory to the system that only starting has needed, which would else stay until as much
// again is allocated. Pools are emptied by a second collection.
func giveBack() {
	runtime.GC()
	debug.FreeOSMemory()
}
