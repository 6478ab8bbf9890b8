package work

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/processes"
	"vitrine.dev/internal/statistics"
)

// past are points of that length, one for each of the counts of ready ones; the second also has failures and a sample.
func past(length int, ready ...int64) statistics.History {
	at := time.Date(2026, 11, 28, 4, 0, 0, 0, time.UTC)
	h := statistics.History{Length: length}
	for i, n := range ready {
		p := statistics.Point{Minute: statistics.Minute{At: at.Add(time.Duration(i*length) * time.Minute)}, Minutes: length}
		if p.Ready = n; i == 1 {
			p.Retried, p.Failed = 2, 10
			p.Sample = &statistics.Sample{Waiting: 10_000, More: true, Oldest: 90 * time.Minute}
		}
		h.Points = append(h.Points, p)
	}
	return h
}

// minutes is a store whose minutes cannot be read while err is set.
type minutes struct {
	statistics.Store

	err error
}

func (m *minutes) Minutes(context.Context, time.Duration) ([]statistics.Minute, time.Time, error) {
	return nil, time.Now(), m.err
}

// TestHistoryIsNotRead: the first of a row of failures is logged with its reason, and their end; who has left is none.
func TestHistoryIsNotRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		store := &minutes{err: errors.New("no such table")}
		p := Pages{Past: statistics.NewService(store), Unread: backoff.NewOutage(slog.New(slog.NewTextHandler(&log, nil)), "not read", "read again")}
		look := func(want string) {
			t.Helper()
			log.Reset()
			p.history(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/console", http.NoBody))
			synctest.Wait()
			if got := log.String(); (want == "") != (got == "") || !strings.Contains(got, want) {
				t.Errorf("logged %q, want %q", got, want)
			}
			time.Sleep(2 * lookLife)
		}
		look(`msg="not read" part=history failures=1 error="no such table"`)
		look("")
		store.err = nil
		look(`msg="read again"`)
		left, leave := context.WithCancel(t.Context())
		leave()
		p.history(httptest.NewRequestWithContext(left, http.MethodGet, "/console", http.NoBody))
		look("")
	})
}

// TestThroughput: values are of a minute, totals are sums, and what failed leads to what failed then.
func TestThroughput(t *testing.T) {
	t.Parallel()
	c := throughput(past(5, 100, 50, 0))
	if c.Text != "150 ready, 2 retried, 10 failed; at most 20 a minute, at 04:00 UTC." || c.Top != "20" {
		t.Errorf("text %q, up to %s", c.Text, c.Top)
	}
	var data struct {
		Times  []int64
		Series []struct {
			Values []*float64
			Href   string
			Links  map[string]string
		}
	}
	if err := json.Unmarshal([]byte(c.Data), &data); err != nil || len(data.Times) != 3 || len(data.Series) != 3 {
		t.Fatalf("data %s: %v", c.Data, err)
	}
	failed := data.Series[2]
	if *failed.Values[1] != 2 || *failed.Values[2] != 0 || len(failed.Links) != 1 || *data.Series[0].Values[0] != 20 {
		t.Errorf("series %s", c.Data)
	}
	u, err := url.Parse(failed.Links["1"])
	if err != nil {
		t.Fatal(err)
	}
	f := filterOf(u.Query())
	if f.FailedAfter.Format("15:04:05") != "04:04:30" || f.FailedBefore.Format("15:04:05") != "04:10:30" || u.Path != "/console/failed" {
		t.Errorf("a point leads to %s", u)
	}
	if len(c.Columns) != 2 || len(c.Columns[1].Parts) != 3 || c.Columns[1].Parts[0].Href != "/console/products" || c.Columns[1].Parts[2].Href != failed.Links["1"] || c.Columns[1].Title != "04:05 UTC, 10 ready, 0.4 retried, 2 failed" {
		t.Errorf("drawn is %+v", c.Columns)
	}
	if p := c.Columns[0].Parts[0]; p.Height != "200" || p.Y != "0" {
		t.Errorf("the highest is %+v", p)
	}
	if c := throughput(past(1, 0)); c.Text != "No attempt has ended in this time." || len(c.Columns) != 0 {
		t.Errorf("of nothing %+v", c)
	}
}

// TestBacklog: what was not looked at is no zero.
func TestBacklog(t *testing.T) {
	t.Parallel()
	c := backlog(past(1, 0, 0, 0))
	if c.Text != "At most 10,000+ waited, at 04:01 UTC; the longest wait was 90 min." || c.Line != "500,0" {
		t.Errorf("text %q, line %q", c.Text, c.Line)
	}
	if !strings.Contains(c.Data, `"values":[null,10000,null]`) || !strings.Contains(c.Data, `"values":[null,5400,null]`) {
		t.Errorf("data %s", c.Data)
	}
	if c := backlog(past(1, 5)); c.Text != "No one has looked at what waits in this time." {
		t.Errorf("text %q", c.Text)
	}
}

func TestRowsOfTheTable(t *testing.T) {
	t.Parallel()
	var ready []int64
	for i := range int64(61) {
		ready = append(ready, i)
	}
	rows := rowsOf(past(1, ready...).Points)
	if len(rows) > rowsMost || rows[0].At.Format("15:04") != "04:55" || rows[0].Ready != 55+56+57+58+59+60 || rows[0].Minutes != 6 || rows[0].Sample != nil {
		t.Errorf("%d rows, first %+v", len(rows), rows[0])
	}
	last := rows[len(rows)-1]
	if last.Ready != 0 || last.Minutes != 1 {
		t.Errorf("last %+v", last)
	}
	if next := rows[len(rows)-2]; next.Failed != 10 || next.Sample == nil || next.Sample.Waiting != 10_000 || !strings.Contains(next.FailedPath, "until=2026-11-28T04%3A07%3A30Z") {
		t.Errorf("before it %+v", next)
	}
}

func TestProcessesAreTold(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 28, 4, 0, 0, 0, time.UTC)
	p := processOf(processes.Process{
		Role: "worker", Slots: 8, InFlight: 2, Fetched: []processes.Fetched{{Image: 1, Released: true}}, Draining: true, Use: processes.Use{PixelsUsed: 60_400_000, PixelBudget: 120_000_000},
	}, true)
	if p.Class != "waiting" || p.Pixels != "60 of 120 million" || p.Budget.Parts[0].Share != barWidth/2 || len(p.Slots) != 8 || p.Slots[0].Class != "work" || p.Slots[1].Class != "idle" || p.Condition != "Draining" || !p.Works() || !p.Other || p.Bar.Label != "1 of 8 slots in use" {
		t.Errorf("process %+v", p)
	}
	if p := processOf(processes.Process{Role: "api"}, false); p.Works() || p.Budget.Parts[0].Share != 0 || p.Condition != "Alive" {
		t.Errorf("process %+v", p)
	}
	drains := processes.Process{Role: "worker", Draining: true, InFlight: 2, Fetched: []processes.Fetched{{Image: 1, Released: true}, {Image: 2, Released: true}}}
	for want, list := range map[string][]processes.Process{
		"No worker is alive: pictures wait until one is started. 1 process alive, with 0 slots.": {{Role: "api"}},
		"Every worker drains: pictures wait until another one is started.":                       {{Role: "api"}, drains},
		"No worker is dead. 2 processes alive":                                                   {drains, {Role: "serve", Slots: 8}},
	} {
		if got := workersWords(flowOf(dispatch.Overview{Processes: list})); !strings.HasPrefix(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	dead := flowOf(dispatch.Overview{At: at, Lost: []processes.Process{{Role: "api"}, {Role: "worker", InFlight: 12, HeartbeatAt: at}}, Processes: []processes.Process{{Role: "worker", Slots: 8}}})
	if got := workersWords(dead); !strings.HasPrefix(got, "A worker stopped answering at 04:00 UTC with 12 pictures in work.") {
		t.Errorf("of a dead one %q", got)
	}
	if one, two := (processes.Process{Version: "1"}), (processes.Process{Version: "2"}); mixed(nil) || mixed([]processes.Process{one, one}) || !mixed([]processes.Process{one, one, two}) {
		t.Error("versions are not told apart")
	}
}

// TestRunsAreTold: what is left comes first; what was not looked for is not called well.
func TestRunsAreTold(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 4, 0, 0, 0, time.UTC)
	report := *gc.NewReport(gc.Findings())
	report.Found(gc.OrphanObject, 7)
	report.Repaired(gc.OrphanObject, 7)
	stopped, parted := *gc.NewReport(gc.Findings()), *gc.NewReport(gc.Findings())
	stopped.Skip("", gc.OrphanObject, gc.MissingObject)
	parted.Skip("", gc.WrongSize)
	turn, idle := report, *gc.NewReport(gc.Findings())
	turn.Part, idle.Part = true, true
	for want, r := range map[string]gc.Run{
		"waiting Nothing is wrong in what was compared":             {Task: gc.TaskFsck, Report: parted},
		"ready Nothing is wrong in what was compared":               {Task: gc.TaskCollector, Report: idle},
		"ready Nothing is wrong":                                    {Task: gc.TaskFsck, Report: *gc.NewReport(gc.Findings())},
		"ready All that was wrong is repaired":                      {Task: gc.TaskFsck, Report: report},
		"failed Not finished":                                       {Task: gc.TaskFsck, Report: stopped, Failure: "It was stopped."},
		"ready All that was wrong in what was compared is repaired": {Task: gc.TaskCollector, Report: turn, By: "ABCDEFGHIJ"},
		"waiting Deletes nothing":                                   {Task: gc.TaskCollector, Failure: "Nothing was looked at.", Report: gc.Report{Refused: "it is another's"}},
		"failed Differences are left":                               {Task: gc.TaskFsck, Report: gc.Report{Findings: []gc.Finding{{Kind: "a", What: "as"}, {Kind: "b", Count: 1, Repaired: 1}, {Kind: "c", Count: 2, Repaired: 1}}}},
	} {
		got := runOf(&r)
		if got.Class+" "+got.Words != want {
			t.Errorf("%+v is %s %s, want %s", r, got.Class, got.Words, want)
		}
		switch {
		case r.Task == gc.TaskCollector && len(got.Whose) > 8:
			t.Errorf("run by %s", got.Whose)
		case r.Task == gc.TaskFsck && r.Failure != "" && !got.Found[0].Skipped:
			t.Errorf("what it did not come to is %+v", got.Found[0])
		case got.Words == "Differences are left" && (got.Found[0].Kind != "c" || got.Found[1].Kind != "b" || got.Found[2].Text != "As"):
			t.Errorf("found %+v", got.Found)
		}
	}
	failed := roundOf(gc.Summarize([]gc.Run{{Task: gc.TaskCollector, Failure: "The storage is not available."}}).Round)
	if failed.Turns != 0 || failed.Class != "" || failed.Words != "" {
		t.Errorf("without a turn that has come to its end: %s %q", failed.Class, failed.Words)
	}
	whole := gc.Run{EndedAt: now.Add(-3 * time.Hour)}
	some := gc.Run{EndedAt: whole.EndedAt, Report: parted}
	for want, c := range map[string]gc.Consistency{
		"is not known": {Fsck: &whole},
		"3 h ago, nothing was wrong in what was compared, which was not everything.":        {Fsck: &some, Finished: &some},
		"When they were last compared, 3 h ago, database, storage, queue and cache agreed.": {Fsck: &whole, Finished: &whole},
	} {
		if got := consistencyLead(c, now); !strings.Contains(got, want) {
			t.Errorf("lead %q, want %q", got, want)
		}
	}
}
