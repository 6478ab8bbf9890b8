// Package logbuffer gathers log lines, so that many of them share a write.
package logbuffer

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"
)

const (
	// Delay is how long a line waits at most for its write, but for one that is urgent.
	Delay = 100 * time.Millisecond
	// size is how many bytes wait at most. A longer line is written by itself.
	size = 32 << 10
)

// Writer gathers what is written. It is safe for concurrent use. A process that is killed loses
// what waits, at most Delay's worth.
type Writer struct {
	to io.Writer

	mu      sync.Mutex
	waiting []byte
	timer   *time.Timer // set where something waits
	closed  bool        // nothing waits any more
	err     error       // of the last write after Delay
}

// New returns a Writer to that one.
func New(to io.Writer) *Writer { return &Writer{to: to, waiting: make([]byte, 0, size)} }

// Write implements io.Writer. Its error may be that of earlier lines.
func (w *Writer) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiting)+len(line) > size || w.closed {
		w.flush()
	}
	switch {
	case len(line) > size || w.closed:
		if _, err := w.to.Write(line); err != nil {
			return 0, fmt.Errorf("write log: %w", err)
		}
	case len(w.waiting) == 0:
		w.waiting = append(w.waiting, line...)
		w.arm()
	default:
		w.waiting = append(w.waiting, line...)
	}
	if err := w.err; err != nil {
		w.err = nil
		return 0, err
	}
	return len(line), nil
}

// arm has what waits written after Delay.
func (w *Writer) arm() {
	if w.timer == nil {
		w.timer = time.AfterFunc(Delay, w.Flush)
		return
	}
	w.timer.Reset(Delay)
}

// Flush writes what waits.
func (w *Writer) Flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flush()
}

func (w *Writer) flush() {
	if len(w.waiting) == 0 {
		return
	}
	if _, err := w.to.Write(w.waiting); err != nil {
		w.err = fmt.Errorf("write log: %w", err)
	}
	w.waiting = w.waiting[:0]
}

// Close writes what waits. What is written from then on waits no more.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.flush()
	return w.err
}

// Handler returns a handler that flushes after each record from that level on: what tells of
// a fault is not lost with the process.
func (w *Writer) Handler(next slog.Handler, urgent slog.Level) slog.Handler {
	return handler{Handler: next, to: w, urgent: urgent}
}

type handler struct {
	slog.Handler

	to     *Writer
	urgent slog.Level
}

// Handle implements slog.Handler.
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	err := h.Handler.Handle(ctx, r)
	if r.Level >= h.urgent {
		h.to.Flush()
	}
	return err //nolint:wrapcheck // of the handler that is wrapped
}

// WithAttrs implements slog.Handler.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.Handler = h.Handler.WithAttrs(attrs)
	return h
}

// WithGroup implements slog.Handler.
func (h handler) WithGroup(name string) slog.Handler {
	h.Handler = h.Handler.WithGroup(name)
	return h
}
