package app

import (
	"context"
	"fmt"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/httpapi"
	"vitrine.dev/internal/httpapi/guard"
)

// addGuard has the API ask for keys, or answer to this machine alone.
func (p *process) addGuard(deps *httpapi.Deps) {
	deps.HasKeys = p.cfg.AuthOn()
	if !deps.HasKeys {
		deps.Authorize = guard.NewOpen(p.cfg.OwnHosts(), p.log).Authorize
		return
	}
	keys := auth.NewAuthenticator(p.store, p.log)
	deps.Authorize = guard.New(keys, p.cfg.TrustedProxies).Authorize
	follow := func(ctx context.Context) (auth.Tail, error) { return p.horizon.Tail(ctx) }
	p.tasks = append(p.tasks,
		task{name: "keys", run: func(ctx context.Context) error {
			p.sayHowToBegin(ctx)
			return keys.Follow(ctx, follow)
		}},
		task{name: "key use", run: keys.RecordUse})
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
