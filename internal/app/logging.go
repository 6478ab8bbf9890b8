package app

import (
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

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
