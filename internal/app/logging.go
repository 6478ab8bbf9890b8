package app

import (
	"context"
	"io"
	"log/slog"
	"os"

	"vitrine.dev/internal/app/config"
)

// newLogger writes JSON, or readable text where w is a terminal, unless
// LOG_FORMAT says which.
func newLogger(cfg config.Config, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.LogLevel}
	format := cfg.LogFormat
	if format == "" && isTerminal(w) {
		format = "text"
	}
	if format == "text" {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

// configured loads the configuration and opens the log, to which w is, with
// what is to be said of the configuration.
func configured(ctx context.Context, w io.Writer) (config.Config, *slog.Logger, error) {
	cfg, err := config.Load()
	if err != nil {
		return config.Config{}, nil, err
	}
	log := newLogger(cfg, w)
	cfg.LogNotices(ctx, log)
	return cfg, log, nil
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
