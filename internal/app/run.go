package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"

	"golang.org/x/sync/errgroup"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/cache/readthrough"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpapi"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/outbox"
	"vitrine.dev/internal/queue"
	"vitrine.dev/internal/sqlstore"
)

// process is one running process: its parts, and the tasks that keep them busy.
type process struct {
	cfg   Config
	role  role
	out   io.Writer
	log   *slog.Logger
	store *sqlstore.Store
	cache *readthrough.Cache
	views *catalog.Views
	queue queue.Queue
	blobs blob.Store
	relay *outbox.Relay
	tasks []task

	listener net.Listener // of an API
}

// task runs until its context is done, and then drains and returns nil.
type task struct {
	name string
	run  func(ctx context.Context) error
}

// run opens the parts that the role needs, runs its tasks until ctx is done,
// lets them drain, and closes the parts in reverse order.
func run(ctx context.Context, out io.Writer, r role, cfg Config) error {
	log := newLogger(cfg, out).With("role", r.name)
	var held closers
	defer held.close(log)

	p := &process{cfg: cfg, role: r, out: out, log: log}
	if r.api {
		if err := p.listen(ctx, &held); err != nil {
			return err
		}
	}
	if err := p.open(ctx, &held); err != nil {
		return err
	}
	if err := p.prepareSchema(ctx); err != nil {
		return err
	}
	p.addRelay()
	if r.worker {
		if err := p.addWorker(&held); err != nil {
			return err
		}
	}
	if r.api {
		p.addServer()
	}
	return p.runTasks(ctx)
}

// listen takes the address first: where it is taken already, or port 0 asked
// for any, that is known before anything is opened.
func (p *process) listen(ctx context.Context, held *closers) (err error) {
	if p.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", p.cfg.HTTPAddr); err != nil {
		return fmt.Errorf("listen on HTTP_ADDR: %w", err)
	}
	held.add("listener", closeOnce{p.listener})
	host, _, _ := net.SplitHostPort(p.cfg.HTTPAddr)
	_, port, err := net.SplitHostPort(p.listener.Addr().String())
	if err != nil {
		return fmt.Errorf("listen on HTTP_ADDR: %w", err)
	}
	p.cfg.HTTPAddr = net.JoinHostPort(host, port)
	return nil
}

func (p *process) open(ctx context.Context, held *closers) (err error) {
	if p.store, err = openStore(ctx, p.cfg, p.role, held, p.log); err != nil {
		return err
	}
	var cacheKind string
	if p.cache, cacheKind, err = openCache(p.cfg, p.role, held, p.log); err != nil {
		return err
	}
	p.views = catalog.NewViews(p.cache, p.log)
	if p.queue, err = openQueue(p.cfg, held, p.log); err != nil {
		return err
	}
	if p.blobs, err = openBlobs(ctx, p.cfg); err != nil {
		return err
	}
	p.log.InfoContext(ctx, "parts", "database", either(p.cfg.DBHost, "sqlite"), "cache", cacheKind,
		"queue", either(p.cfg.QueueHost, "in process"), "storage", either(p.cfg.S3Bucket, "disk"))
	return nil
}

func either(configured, embedded string) string {
	if configured != "" {
		return configured
	}
	return embedded
}

// prepareSchema migrates an embedded database, which nobody else would, and
// refuses to run on a server's schema that is too old. A server that is down is
// waited for by those who need it.
func (p *process) prepareSchema(ctx context.Context) error {
	if p.cfg.DBHost == "" {
		if _, err := p.store.Migrate(ctx); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		return nil
	}
	err := p.store.CheckSchema(ctx)
	if fault.KindOf(err) == fault.Unavailable {
		p.log.WarnContext(ctx, "the database cannot be reached yet", "error", err)
		return nil
	}
	return err
}

// addRelay carries the outbox. Jobs for a queue in process are carried only
// where a worker takes them: in the process of that worker.
func (p *process) addRelay() {
	routes := []outbox.Route{{Topic: catalog.TopicChanged, Window: 16, Deliver: p.deliverChange}}
	if p.cfg.QueueHost != "" || p.role.worker {
		routes = append(routes, outbox.Route{Topic: media.TopicProcess, Window: p.queue.Window(), Deliver: p.deliverJob})
	}
	relayConfig := outbox.DefaultRelayConfig()
	relayConfig.DrainTimeout = p.cfg.DrainTimeout
	p.relay = outbox.NewRelay(p.store, routes, relayConfig, p.log)
	p.tasks = append(p.tasks, task{"relay", p.relay.Run})
}

func (p *process) addWorker(held *closers) error {
	renderer, err := newRenderer(p.cfg, p.log)
	if err != nil {
		return err
	}
	p.log.Info("image engine", "engine", renderer.Engine())
	fetcher, err := newFetcher(p.cfg, held)
	if err != nil {
		return err
	}
	workerConfig := media.DefaultWorkerConfig()
	workerConfig.Lease, workerConfig.Policy.MaxAttempts = p.cfg.JobLease, p.cfg.MaxAttempts
	worker := media.NewWorker(media.Parts{
		Store: p.store, Fetcher: fetcher, Renderer: renderer, Blobs: p.blobs,
		Announce: p.views, Nudge: p.relay.Nudge, Log: p.log,
	}, workerConfig)
	sweeperConfig := media.DefaultSweeperConfig()
	sweeperConfig.MaxAttempts = p.cfg.MaxAttempts
	sweeper := media.NewSweeper(p.store, p.views, p.relay.Nudge, sweeperConfig, p.log)
	p.tasks = append(p.tasks,
		task{"consumer", func(ctx context.Context) error {
			return p.queue.Consume(ctx, p.cfg.WorkerConcurrency, worker.Handle)
		}},
		task{"dead letters", func(ctx context.Context) error { return p.queue.ConsumeDead(ctx, worker.HandleDead) }},
		task{"sweeper", sweeper.Run},
	)
	return nil
}

func (p *process) addServer() {
	handler := httpapi.New(httpapi.Deps{
		Service: catalog.NewService(p.store, p.views, p.relay.Nudge),
		Views:   p.views,
		Images:  p.blobs,
		URL:     p.blobs.URL,
		Parts: []httpapi.Part{
			{Name: "database", Required: true, Check: p.store.Ping},
			{Name: "cache", Check: p.cache.Ping},
			{Name: "queue", Check: p.queue.Ping},
			{Name: "storage", Check: p.blobs.Ping},
		},
		Log: p.log,
	})
	server := httpapi.NewServer(handler, p.log)
	p.tasks = append(p.tasks, task{"http", func(ctx context.Context) error { return p.serve(ctx, server) }})
}

// serve answers requests until ctx is done, then finishes those under way.
func (p *process) serve(ctx context.Context, server *http.Server) error {
	drained := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(drained)
		deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.cfg.DrainTimeout)
		defer cancel()
		if err := server.Shutdown(deadline); err != nil {
			p.log.WarnContext(ctx, "requests were cut off", "error", err)
		}
	})
	p.greet()
	if err := server.Serve(p.listener); !errors.Is(err, http.ErrServerClosed) {
		stop()
		return fmt.Errorf("serve: %w", err)
	}
	<-drained
	return nil
}

func (p *process) runTasks(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, t := range p.tasks {
		group.Go(func() error {
			if err := t.run(ctx); err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			return nil
		})
	}
	context.AfterFunc(ctx, func() { p.log.InfoContext(ctx, "stopping: finishing what is under way") })
	err := group.Wait()
	p.log.InfoContext(ctx, "stopped")
	return err
}
