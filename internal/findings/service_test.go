package findings_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/findings"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/monitor"
)

// fakeSources have what is set; while hang is open, the queue and the parts do not answer.
type fakeSources struct {
	hang  chan struct{}
	err   error // of the imports
	slow  bool  // they give up when their time is over
	reads atomic.Int32
}

func (s *fakeSources) Overview(context.Context) (dispatch.Overview, error) {
	s.reads.Add(1)
	if s.hang != nil {
		<-s.hang
	}
	return *queue(8, 3, at("14:59")), nil
}

func (s *fakeSources) Failing(context.Context, int) ([]dispatch.HostView, error) {
	return []dispatch.HostView{{Name: "a.example", Parked: 4}}, nil
}

func (s *fakeSources) Summary(_ context.Context, by auth.Principal, f failures.Filter) (failures.Summary, error) {
	if !by.ForAll() || f.FailedAfter.IsZero() {
		return failures.Summary{}, errors.New("not of all users, or of all time")
	}
	return failures.Summary{}, nil
}

func (s *fakeSources) ReaderLags(context.Context, int) ([]findings.Reader, error) { return nil, nil }

func (s *fakeSources) TroubledWebhooks(context.Context, int) ([]findings.Webhook, error) {
	return nil, nil
}

func (s *fakeSources) PausedImports(ctx context.Context, _ int) ([]findings.Import, error) {
	if s.slow {
		<-ctx.Done()
	}
	return nil, s.err
}

func (s *fakeSources) LastFinished(_ context.Context, task gc.Task) (*gc.Run, error) {
	broken := gc.Report{Findings: []gc.Finding{{Kind: gc.WrongSize, Count: 1}}}
	return &gc.Run{Task: task, Report: broken}, nil
}

func (s *fakeSources) parts(context.Context) monitor.Report {
	return monitor.Report{Parts: map[string]monitor.Status{"cache": monitor.Down}}
}

func codes(r findings.Report) string {
	var list strings.Builder
	for _, f := range r.Findings {
		list.WriteString(string(f.Code) + " ")
	}
	return list.String()
}

// TestReport: what can be read is judged, and what cannot within a second is said, with the reason in the log.
func TestReport(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &fakeSources{err: errRead}
		var log strings.Builder
		service := findings.NewService(findings.Sources{Queue: s, Failures: s, Store: s, Parts: s.parts}, slog.New(slog.NewTextHandler(&log, nil)))
		report := func() findings.Report {
			t.Helper()
			began := time.Now()
			r, err := service.Report(t.Context(), auth.Everyone())
			if took := time.Since(began); err != nil || took > time.Second {
				t.Fatalf("after %s: %v", took, err)
			}
			return r
		}
		if r := report(); codes(r) != "part_unavailable host_failing not_known differences_found " || len(r.Facts.Unread) != 1 || !errors.Is(r.Facts.Unread["imports"], errRead) {
			t.Errorf("found %s, unread %v", codes(r), r.Facts.Unread)
		}
		report()
		if n := s.reads.Load(); n != 1 {
			t.Errorf("read %d times within a second", n)
		}
		time.Sleep(time.Second)
		s.hang, s.slow = make(chan struct{}), true
		r := report()
		if r.Facts.Queue != nil || len(r.Facts.Unread) != 2 || !errors.Is(r.Facts.Unread[findings.TheQueue], context.DeadlineExceeded) || len(r.Facts.Hosts) != 1 {
			t.Errorf("found %s, unread %v", codes(r), r.Facts.Unread)
		}
		if err := r.Facts.Unread["imports"]; !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errRead) {
			t.Errorf("a read that gave up: %v", err)
		}
		close(s.hang)
		s.err, s.slow = nil, false
		time.Sleep(time.Second)
		if r := report(); codes(r) != "part_unavailable host_failing differences_found " || len(r.Facts.Unread) != 0 {
			t.Errorf("found %s, unread %v", codes(r), r.Facts.Unread)
		}
		// Each is a row of its own: the second is a warning though the first goes on.
		for _, want := range []string{
			`level=WARN msg="a fact about what is wrong could not be read" part=imports failures=1 error="no such table"`,
			`part="the queue" failures=1 error="context deadline exceeded"`,
			`level=INFO msg="a fact about what is wrong is read again" part=imports failures=2`, `is read again" part="the queue" failures=1`,
		} {
			if got := log.String(); strings.Count(got, want) != 1 || strings.Count(got, "\n") != 4 {
				t.Errorf("the log has not %s once, or more than that and the others:\n%s", want, got)
			}
		}
	})
}

func TestReportIsOfOperators(t *testing.T) {
	t.Parallel()
	s := &fakeSources{}
	service := findings.NewService(findings.Sources{Queue: s, Failures: s, Store: s}, slog.New(slog.DiscardHandler))
	if _, err := service.Report(t.Context(), auth.Principal{User: 1, Scopes: auth.Scopes{auth.ProductsRead}}); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("for a user: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	s.hang = make(chan struct{})
	defer close(s.hang)
	if _, err := service.Report(gone, auth.Everyone()); !errors.Is(err, context.Canceled) {
		t.Errorf("for who has left: %v", err)
	}
}
