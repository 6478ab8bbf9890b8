// Package otlp sends spans to a collector by OTLP, over HTTP or gRPC. How, and which of them,
// is said by the standard variables OTEL_*, which the libraries of OpenTelemetry read
// themselves: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
package otlp

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/tracing"
)

// Config says what the process is, and how its spans are sent.
type Config struct {
	GRPC    bool   // in place of HTTP with protobuf
	Version string // of the program
	Role    string // of the process
	Process string // its ID
}

// flushTimeout bounds how long Close waits for a collector.
const flushTimeout = 5 * time.Second

// Provider makes spans and sends them in the background. It must be closed.
type Provider struct{ *sdk.TracerProvider }

// Open returns a Provider. It connects to nothing: while no collector answers, spans are
// dropped, which the log says once. An error means that the variables cannot be used.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (*Provider, error) {
	report(context.WithoutCancel(ctx), log)
	client := otlptracehttp.NewClient()
	if cfg.GRPC {
		client = otlptracegrpc.NewClient()
	}
	sender, err := otlptrace.New(ctx, client)
	if err != nil {
		return nil, fmt.Errorf("open the sender of spans: %w", err)
	}
	what, err := describe(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("describe the process: %w", err)
	}
	outage := backoff.NewOutage(log, "spans are not sent, and dropped", "spans are sent again")
	return &Provider{sdk.NewTracerProvider(sdk.WithBatcher(observed{sender, outage}), sdk.WithResource(what))}, nil
}

// describe returns what all spans say of the process. OTEL_SERVICE_NAME and
// OTEL_RESOURCE_ATTRIBUTES win.
func describe(ctx context.Context, cfg Config) (*resource.Resource, error) {
	return resource.New(ctx,
		resource.WithSchemaURL(tracing.SchemaURL), resource.WithTelemetrySDK(), resource.WithHost(),
		resource.WithAttributes(
			tracing.ServiceName.String("vitrine"), tracing.ServiceVersion.String(cfg.Version),
			tracing.ServiceInstance.String(cfg.Process), tracing.Role.String(cfg.Role),
		),
		resource.WithFromEnv())
}

// Close sends what there is, for at most flushTimeout.
func (p *Provider) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	return p.Shutdown(ctx)
}

// observed logs the outages of what it sends to: two lines for each.
type observed struct {
	sdk.SpanExporter

	outage *backoff.Outage
}

// ExportSpans implements sdk.SpanExporter. Its errors are logged here.
func (o observed) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	if err := o.SpanExporter.ExportSpans(ctx, spans); err != nil {
		o.outage.Failed(ctx, "collector", err)
		return nil
	}
	o.outage.Succeeded(ctx)
	return nil
}

// report has the libraries, which know one logger for the whole process, report to the log:
// by themselves they write to standard error. What goes wrong in them may do so with
// every span, so it is a warning once and then debugging.
func report(ctx context.Context, log *slog.Logger) {
	otel.SetLogger(logr.FromSlogHandler(quieter{log.Handler()}))
	trouble := backoff.NewOutage(log, "OpenTelemetry reports an error", "")
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		trouble.Failed(ctx, "OpenTelemetry", err)
	}))
}

// quieter is a log for libraries: what they think of interest is debugging to us.
type quieter struct{ slog.Handler }

// Enabled implements slog.Handler.
func (q quieter) Enabled(ctx context.Context, level slog.Level) bool {
	return q.Handler.Enabled(ctx, quiet(level))
}

// Handle implements slog.Handler.
func (q quieter) Handle(ctx context.Context, r slog.Record) error {
	r.Level = quiet(r.Level)
	return q.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (q quieter) WithAttrs(attrs []slog.Attr) slog.Handler {
	return quieter{q.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (q quieter) WithGroup(name string) slog.Handler { return quieter{q.Handler.WithGroup(name)} }

func quiet(level slog.Level) slog.Level {
	if level < slog.LevelError {
		return slog.LevelDebug
	}
	return slog.LevelWarn
}
