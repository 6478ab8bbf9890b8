package app

import (
	"context"
	"fmt"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"

	"vitrine.dev/internal/cli"
	"vitrine.dev/internal/tracing"
	"vitrine.dev/internal/tracing/otlp"
)

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
