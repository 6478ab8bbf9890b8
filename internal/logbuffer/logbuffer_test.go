package logbuffer_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/logbuffer"
)

// writes are what a Writer has written, each apart.
type writes struct {
	mu   sync.Mutex
	list []string
	err  error
}

func (w *writes) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = append(w.list, string(p))
	return len(p), w.err
}

func (w *writes) want(t *testing.T, list ...string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if strings.Join(w.list, "|") != strings.Join(list, "|") {
		t.Errorf("written: %q, not %q", w.list, list)
	}
}

func TestLinesShareAWrite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var to writes
		w := logbuffer.New(&to)
		fmt.Fprint(w, "1\n")
		time.Sleep(logbuffer.Delay / 2)
		fmt.Fprint(w, "2\n")
		to.want(t)
		time.Sleep(logbuffer.Delay) // since the first
		synctest.Wait()
		to.want(t, "1\n2\n")
		fmt.Fprint(w, "3\n")
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		fmt.Fprint(w, "4\n")
		to.want(t, "1\n2\n", "3\n", "4\n")
	})
}

// TestManyAndLongLines: what has no room is written in order, and nothing is split.
func TestManyAndLongLines(t *testing.T) {
	t.Parallel()
	var to writes
	w := logbuffer.New(&to)
	var want bytes.Buffer
	for i := range 2000 {
		line := fmt.Sprintln(i, strings.Repeat("x", i%997*(1+i%50)))
		want.WriteString(line)
		if n, err := w.Write([]byte(line)); n != len(line) || err != nil {
			t.Fatal(n, err)
		}
	}
	w.Flush()
	if got := strings.Join(to.list, ""); got != want.String() {
		t.Error("lines were lost, or are in another order")
	}
	for _, text := range to.list {
		if !strings.HasSuffix(text, "\n") {
			t.Error("a line was split")
		}
	}
}

func TestUrgentRecords(t *testing.T) {
	t.Parallel()
	var to writes
	w := logbuffer.New(&to)
	log := slog.New(w.Handler(slog.NewTextHandler(w, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}), slog.LevelWarn)).With("a", 1).WithGroup("g")
	log.Info("first", "b", 2)
	to.want(t)
	log.Warn("second")
	to.want(t, "level=INFO msg=first a=1 g.b=2\nlevel=WARN msg=second a=1\n")
}

func TestErrorsAreReturned(t *testing.T) {
	t.Parallel()
	to := writes{err: io.ErrClosedPipe}
	w := logbuffer.New(&to)
	if _, err := w.Write([]byte("1\n")); err != nil {
		t.Error(err)
	}
	w.Flush()
	if _, err := w.Write([]byte("2\n")); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the failed write was not told of: %v", err)
	}
}

// TestTogether is for the race detector.
func TestTogether(t *testing.T) {
	t.Parallel()
	var to writes
	w := logbuffer.New(&to)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 1000 {
				fmt.Fprint(w, "0123456789\n")
			}
		})
	}
	group.Wait()
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if got := strings.Join(to.list, ""); got != strings.Repeat("0123456789\n", 8000) {
		t.Errorf("%d bytes", len(got))
	}
}
