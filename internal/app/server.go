package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"vitrine.dev/internal/app/admin"
	"vitrine.dev/internal/attempts"
	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/bulk"
	"vitrine.dev/internal/bulk/export"
	"vitrine.dev/internal/bulk/imports"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/cli"
	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/console/session"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/expiry"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/feed"
	"vitrine.dev/internal/findings"
	"vitrine.dev/internal/httpapi"
	"vitrine.dev/internal/httpapi/guard"
	"vitrine.dev/internal/httpkit/server"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/progress"
	"vitrine.dev/internal/ratelimit"
	"vitrine.dev/internal/refresh"
	"vitrine.dev/internal/signing"
	"vitrine.dev/internal/statistics"
	"vitrine.dev/internal/upload"
)

// How often idempotency keys and audit entries are removed that are over.
const (
	expiryInterval = time.Minute
	auditInterval  = time.Hour
)

// listen takes the address before anything is opened: that fails early where it
// is in use, and finds the port where 0 was asked for.
func (p *process) listen(ctx context.Context, held *closers) (err error) {
	if p.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", p.cfg.HTTPAddr.String()); err != nil {
		return fmt.Errorf("listen on HTTP_ADDR: %w", err)
	}
	held.add("listener", closeOnce{p.listener})
	if _, p.cfg.HTTPAddr.Port, err = net.SplitHostPort(p.listener.Addr().String()); err != nil {
		return fmt.Errorf("listen on HTTP_ADDR: %w", err)
	}
	return nil
}

func (p *process) addServer() error {
	received, err := newSpool(p.cfg, receivedMemory)
	if err != nil {
		return err
	}
	epoch := func() string { epoch, _ := p.identity.Epoch(); return epoch }
	deps := httpapi.Deps{
		Service:  catalog.NewService(p.store, p.views, p.cfg.IdempotencyTTL),
		Failures: failures.NewService(p.store, p.store, p.views, p.jobs.Wake),
		Refresh:  refresh.NewService(p.store, p.store, p.jobs.Wake),
		Work:     dispatch.NewInspector(p.store, dispatching(p.cfg).Limits),
		Attempts: attempts.NewService(p.store),
		Past:     statistics.NewService(p.store),
		Runs:     p.store,
		Bulk:     bulk.NewService(p.store, p.views, p.cfg.IdempotencyTTL),
		Views:    p.views,
		Progress: progress.New(p.log),
		Feed:     feed.New(p.horizon, p.store, epoch, p.log),
		Imports:  imports.NewService(p.store, p.blobs, received, p.jobs.Wake),
		Exports:  &export.Service{Store: p.store, Log: p.horizon, Epoch: epoch},
		Epoch:    epoch,
		Images:   p.blobs,
		Uploads:  upload.NewService(p.store, p.blobs, p.presigner, received, p.cfg.ImageMaxBytes),
		URL:      p.blobs.URL,
		Ready:    p.health.Check,
		Stopping: p.stopping.Load,
		Accounts: auth.NewAccounts(p.store),
		Webhooks: p.webhooks,
		Signing:  signing.New(p.store, p.log),
		Limits: guard.Limits{
			Proxies: p.cfg.TrustedProxies,
			Address: p.limiter(guard.PolicyAddress, p.cfg.RateLimitPerAddress), Key: p.limiter(guard.PolicyKey, p.cfg.RateLimitPerKey),
		},
		Origins: p.cfg.Origins,
		Tracer:  p.tracer,
		Observe: p.metrics.Requests.Observe,
		Log:     p.log,
	}
	deps.Findings = findings.NewService(findings.Sources{Queue: deps.Work, Failures: deps.Failures, Store: p.store, Parts: deps.Ready}, p.log)
	if err := p.addGuard(&deps); err != nil {
		return err
	}
	if err := p.addConsole(&deps); err != nil {
		return err
	}
	handler := httpapi.New(deps)
	api := server.DefaultLimits().Server(handler, p.log)
	expirer := expiry.New("idempotency keys", p.store.ExpireKeys, expiryInterval, p.log)
	bulkKeys := expiry.New("keys of bulk requests", p.store.ExpireBulkKeys, expiryInterval, p.log)
	audit := expiry.New("audit entries", func(ctx context.Context, limit int) (int, error) {
		return p.store.PurgeAudit(ctx, auth.AuditRetention, limit)
	}, auditInterval, p.log)
	sessions := expiry.New("sessions", p.store.PurgeSessions, auditInterval, p.log)
	old := expiry.New("attempts", func(ctx context.Context, limit int) (int, error) {
		return p.store.PurgeAttempts(ctx, media.AttemptLife, limit)
	}, expiryInterval, p.log)
	abandoned := expiry.New("uploads", p.store.ExpireUploads, expiryInterval, p.log)
	p.tasks = append(p.tasks,
		task{name: "uploads", run: abandoned.Run},
		task{name: "progress", run: func(ctx context.Context) error { return deps.Progress.Follow(ctx, p.openLog("progress")) }},
		task{name: "feed", run: deps.Feed.Run},
		task{name: "http", run: func(ctx context.Context) error { return p.serve(ctx, api) }, early: true},
		task{name: "garbage collection", run: tuneGC, early: true},
		task{name: "signing keys", run: deps.Signing.Run},
		task{name: "signing key changes", run: func(ctx context.Context) error {
			return auth.FollowSigning(ctx, deps.Signing, p.openLog("signing"), p.log)
		}}, task{name: "expirer", run: expirer.Run}, task{name: "bulk keys", run: bulkKeys.Run}, task{name: "audit", run: audit.Run},
		task{name: "attempts", run: old.Run}, task{name: "sessions", run: sessions.Run})
	return nil
}

// limiter limits requests to so many a minute, by all processes together where there is
// Redis; nil where there is no limit.
func (p *process) limiter(policy string, quota int64) *ratelimit.Limiter {
	if quota == 0 {
		return nil
	}
	return ratelimit.New(ratelimit.Policy{Name: policy, Quota: quota, Window: time.Minute}, p.leases, p.log)
}

// serve answers requests until ctx is done and then for DrainDelay more, while
// /readyz answers 503 and every answer closes its connection; then it finishes
// running requests. Idle connections are closed only then: a balancer that has
// noticed sends nothing on them any more.
func (p *process) serve(ctx context.Context, server *http.Server) error {
	drained := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(drained)
		p.stopping.Store(true)
		<-time.After(p.cfg.DrainDelay)
		deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.cfg.DrainTimeout)
		defer cancel()
		if err := server.Shutdown(deadline); err != nil {
			p.log.WarnContext(ctx, "requests were cut off", "error", err)
		}
	})
	url := p.cfg.LocalURL()
	p.log.InfoContext(ctx, "listening", "address", p.listener.Addr().String(), "url", url)
	if p.role.alone() {
		cli.Greet(p.person, url, p.cfg.AuthOn())
	}
	if err := server.Serve(p.listener); !errors.Is(err, http.ErrServerClosed) {
		stop()
		return fmt.Errorf("serve: %w", err)
	}
	<-drained
	return nil
}

// serveAdmin answers on ADMIN_ADDR until the process ends, so that a worker,
// and a process that drains, have health checks too. A process runs without it
// where the address is in use: several on one machine have the same default.
func (p *process) serveAdmin(ctx context.Context, held *closers) {
	if p.cfg.AdminAddr.Off {
		return
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", p.cfg.AdminAddr.String())
	if err != nil {
		p.log.WarnContext(ctx, "cannot listen on ADMIN_ADDR; running without it", "error", err)
		return
	}
	health := httpapi.NewAdmin(httpapi.Deps{Ready: p.health.Check, Stopping: p.stopping.Load, Console: frame.Apart(&p.console), Log: p.log}) //nolint:contextcheck // every request has its own
	handler := admin.Handler(health, p.metrics.Handler(), p.cfg.AdminProfiles())
	served := server.DefaultLimits().Server(handler, p.log)
	held.add("admin listener", served)
	p.log.InfoContext(ctx, "admin listening", "address", listener.Addr().String())
	go func() {
		if err := served.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			p.log.ErrorContext(ctx, "admin listener ended", "error", err)
		}
	}()
}

// addGuard has the API ask for keys, or answer to this machine alone.
func (p *process) addGuard(deps *httpapi.Deps) error {
	deps.HasKeys = p.cfg.AuthOn()
	if !deps.HasKeys {
		open := guard.NewOpen(p.cfg.OwnHosts(), p.log)
		deps.Authorize = open.Authorize
		p.console.open = func(r *http.Request) (*http.Request, error) {
			return open.Authorize(r, server.Route{Scopes: []string{string(auth.Operator)}})
		}
		return open.Trust(p.cfg.Origins...)
	}
	keys := auth.NewAuthenticator(p.store, p.log)
	known := guard.New(keys, p.cfg.TrustedProxies).WithTokens(auth.NewStreamTokens(deps.Signing, keys))
	deps.Authorize = known.Authorize
	deps.Hold = keys.Hold
	p.console.sessions = &session.Sessions{Keys: keys, Accounts: deps.Accounts, Login: known.Login, Address: known.Address}
	p.tasks = append(p.tasks,
		task{name: "keys", run: func(ctx context.Context) error {
			p.sayHowToBegin(ctx)
			return keys.Follow(ctx, p.openLog("keys"))
		}},
		task{name: "key use", run: keys.RecordUse})
	return nil
}

// sayHowToBegin tells who started the process how to make the first key, where there is
// none.
func (p *process) sayHowToBegin(ctx context.Context) {
	has, err := p.store.HasKeys(ctx)
	if err != nil || has {
		return
	}
	const command = "vitrine keys create --admin --name admin"
	p.log.WarnContext(ctx, "no API key can be used yet, so every request is refused; make the first one", "command", command)
	if p.role.alone() {
		fmt.Fprintf(p.person, "\n  No API key exists yet. Make the first one with:\n\n      %s\n\n", command)
	}
}
