package app

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/cli"
	"vitrine.dev/internal/monitor"
	"vitrine.dev/internal/queue"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/tracing"
	"vitrine.dev/internal/tracing/otlp"
)

// watch adds the check of a part to those that /readyz reports.
func (p *process) watch(part monitor.Part) *monitor.Check {
	check := monitor.NewCheck(part)
	p.checks = append(p.checks, check)
	return check
}

func (p *process) watchDatabase(store *sqlstore.Store) {
	where := "DATA_DIR " + p.cfg.DataDir
	if p.cfg.DBHost != "" {
		where = fmt.Sprintf("%s, database %s, user %s", hostPort(p.cfg.DBHost, p.cfg.DBPort), p.cfg.DBName, p.cfg.DBUser)
	}
	need, _ := p.role.needs()
	store.OnWrite(p.watch(monitor.Part{
		Name: "database", Where: where, Need: need, Ping: answers(store), Probe: store.Probe, Readable: true,
	}).Record)
}

// answers returns a check of whether the store can be read: the database answers
// and its schema is current. The schema is checked until it was current once.
func answers(store *sqlstore.Store) func(context.Context) error {
	var current atomic.Bool
	return func(ctx context.Context) error {
		if err := store.Ping(ctx); err != nil || current.Load() {
			return err
		}
		err := store.CheckSchema(ctx)
		if err == nil {
			current.Store(true)
		}
		return err
	}
}

// watchCache returns the engine with its writes recorded. Without one there is
// nothing that could fail.
func (p *process) watchCache(engine cache.Cache) cache.Cache {
	part := monitor.Part{Name: "cache"}
	if p.cfg.RedisHost == "" || engine == nil {
		p.watch(part)
		return engine
	}
	part.Where, part.Ping = hostPort(p.cfg.RedisHost, p.cfg.RedisPort), engine.Ping
	part.Probe = func(ctx context.Context) error { return cache.Probe(ctx, engine) }
	return watchedCache{engine, p.watch(part)}
}

func (p *process) watchQueue(q queue.Driver) queue.Driver {
	part := monitor.Part{Name: "queue", Ping: q.Ping}
	if p.cfg.QueueHost == "" { // the outcome of a message is its handler's
		p.watch(part)
		return q
	}
	_, part.Need = p.role.needs()
	part.Where = fmt.Sprintf("%s, vhost %s, user %s", hostPort(p.cfg.QueueHost, p.cfg.QueuePort), p.cfg.QueueVHost, p.cfg.QueueUser)
	part.Probe = q.Probe
	return watchedQueue{q, p.watch(part)}
}

// watchBlobs: only workers store.
func (p *process) watchBlobs(store blob.Store) blob.Store {
	part := monitor.Part{Name: "storage", Where: "DATA_DIR " + p.cfg.DataDir, Ping: store.Ping, Readable: true}
	if p.cfg.S3Bucket != "" {
		part.Where = fmt.Sprintf("bucket %s, region %s, endpoint %s", p.cfg.S3Bucket, p.cfg.S3Region, cmp.Or(p.cfg.S3Endpoint, "Amazon's"))
	}
	_, part.Need = p.role.needs()
	if p.role.worker {
		part.Probe = func(ctx context.Context) error { return blob.Probe(ctx, store) }
	}
	return watchedBlobs{store, p.watch(part)}
}

func hostPort(host string, port uint16) string {
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}

// The parts below record the outcome of every write as a probe.

type watchedCache struct {
	cache.Cache

	check *monitor.Check
}

func (c watchedCache) Put(ctx context.Context, key string, e cache.Entry) (bool, error) {
	stored, err := c.Cache.Put(ctx, key, e)
	c.check.Record(err)
	return stored, err
}

func (c watchedCache) Invalidate(ctx context.Context, key string, version int64) error {
	err := c.Cache.Invalidate(ctx, key, version)
	c.check.Record(err)
	return err
}

func (c watchedCache) Bump(ctx context.Context, group string, floor int64, apart time.Duration) (int64, time.Duration, error) {
	generation, wait, err := c.Cache.Bump(ctx, group, floor, apart)
	c.check.Record(err)
	return generation, wait, err
}

type watchedQueue struct {
	queue.Driver

	check *monitor.Check
}

func (q watchedQueue) Publish(ctx context.Context, m queue.Message) error {
	err := q.Driver.Publish(ctx, m)
	q.check.Record(err)
	return err
}

type watchedBlobs struct {
	blob.Store

	check *monitor.Check
}

func (b watchedBlobs) Put(ctx context.Context, key, contentType string, body []byte) error {
	return b.PutFrom(ctx, key, contentType, bytes.NewReader(body))
}

func (b watchedBlobs) PutFrom(ctx context.Context, key, contentType string, body io.ReadSeeker) error {
	err := b.Store.PutFrom(ctx, key, contentType, body)
	b.check.Record(err)
	return err
}

// openTracing has spans sent where the configuration says to whom. It returns what makes spans of
// PostgreSQL's statements, of those alone that a request or an attempt waits for.
func (p *process) openTracing(ctx context.Context, held *closers) (pgx.QueryTracer, error) {
	on, grpc := p.cfg.Tracing()
	if !on {
		return nil, nil //nolint:nilnil // nil is what pgx takes for none
	}
	provider, err := otlp.Open(ctx, otlp.Config{GRPC: grpc, Version: cli.Version(), Role: p.role.name, Process: p.id}, p.log)
	if err != nil {
		return nil, fmt.Errorf("open tracing: %w", err)
	}
	held.add("tracing", provider)
	p.tracer = tracing.New(provider)
	return otelpgx.NewTracer(otelpgx.WithTracerProvider(provider), otelpgx.WithDisableAcquireTracer()), nil
}
