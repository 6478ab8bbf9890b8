package app

import (
	"context"
	"io"
	"log/slog"
	"os"
)

// newLogger writes JSON, or readable text where w is a terminal, unless
// LOG_FORMAT says which.
func newLogger(cfg Config, w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.LogLevel)); err != nil {
		level = slog.LevelInfo // Config.problems has refused it before
	}
	options := &slog.HandlerOptions{Level: level}
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
func configured(ctx context.Context, w io.Writer) (Config, *slog.Logger, error) {
	cfg, err := LoadConfig()
	if err != nil {
		return Config{}, nil, err
	}
	log := newLogger(cfg, w)
	for _, n := range cfg.notices {
		log.Log(ctx, n.level, n.message, n.args...) //nolint:sloglint // whoever wrote the notice keeps its arguments in pairs
	}
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
