package app

import (
	"context"
	"errors"
	"net"
	"net/http"

	"vitrine.dev/internal/httpapi"
)

// serveAdmin answers on ADMIN_ADDR until the process has ended its work, so
// that also a worker, and a process that drains, can be asked how it is. A
// process goes on without it: several on one machine want the same default.
func (p *process) serveAdmin(ctx context.Context, held *closers) {
	if p.cfg.AdminAddr.Off {
		return
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", p.cfg.AdminAddr.String())
	if err != nil {
		p.log.WarnContext(ctx, "ADMIN_ADDR cannot be had; going on without it", "error", err)
		return
	}
	server := httpapi.NewServer(httpapi.NewAdmin(httpapi.Deps{
		Ready: p.health.Check, Stopping: p.stopping.Load, Log: p.log,
	}), p.log)
	held.add("admin listener", server)
	p.log.InfoContext(ctx, "admin listening", "address", listener.Addr().String())
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			p.log.ErrorContext(ctx, "admin listener ended", "error", err)
		}
	}()
}
