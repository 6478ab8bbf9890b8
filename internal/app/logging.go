package app

import (
	"context"
	"io"
	"log/slog"

	"vitrine.dev/internal/app/config"
	"vitrine.dev/internal/cli"
)

// newLogger writes JSON, or readable text where w is a terminal, unless
// LOG_FORMAT says which.
func newLogger(cfg config.Config, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.LogLevel}
	format := cfg.LogFormat
	if format == "" && cli.IsTerminal(w) {
		format = "text"
	}
	if format == "text" {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

// configured loads the configuration and opens the log of the role on w.
func configured(ctx context.Context, w io.Writer, role string) (config.Config, *slog.Logger, error) {
	cfg, err := config.Load()
	if err != nil {
		return config.Config{}, nil, err
	}
	log := newLogger(cfg, w)
	cfg.LogNotices(ctx, log)
	return cfg, log.With("role", role), nil
}
