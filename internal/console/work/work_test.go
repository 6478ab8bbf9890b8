package work

import (
	"net/url"
	"testing"
	"time"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/findings"
	"vitrine.dev/internal/processes"
)

func TestProportionsFillTheBar(t *testing.T) {
	t.Parallel()
	for _, images := range [][]int{{0, 0}, {1}, {1, 0, 99_999}, {5, 5}, {1, 1, 1, 1, 10_000, 1}} {
		var parts []part
		total := 0
		for _, n := range images {
			parts = append(parts, part{Images: n})
			total += n
		}
		at := 0
		for i, p := range proportions(parts) {
			if p.From != at || p.Share < 0 || (p.Images > 0) != (p.Share > 0) {
				t.Errorf("%v: part %d is %+v, and begins at %d", images, i, p, at)
			}
			at += p.Share
		}
		if at > barWidth || total > 0 && at < barWidth-len(images) {
			t.Errorf("%v: the parts take %d of %d", images, at, barWidth)
		}
	}
}

func TestFlow(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 4, 0, 0, 0, time.UTC)
	f := flowOf(dispatch.Overview{At: now, PerSecond: 0.5, Slots: 8, InFlight: 3, States: []dispatch.StateCount{
		{State: dispatch.StateInLine, Images: 10_000, More: true, OldestAt: now.Add(-time.Hour), DueAt: now.Add(-time.Minute)},
		{State: dispatch.StateLater, Images: 2, OldestAt: now.Add(-time.Hour), DueAt: now.Add(time.Minute)},
		{State: dispatch.StateBegun, Images: 3, OldestAt: now.Add(-2 * time.Hour), DueAt: now.Add(-time.Hour)},
	}, Processes: []processes.Process{{Role: "api"}, {Role: "worker", Slots: 8, InFlight: 9}}})
	if f.Waiting != 10_002 || !f.WaitingMore || f.Waited != time.Minute || f.PerMinute != 30 || len(f.Working) != 1 || f.Busy != 8 {
		t.Errorf("flow %+v", f)
	}
	if got := leadOf(nowPage{flow: f}); got != "10,002+ pictures wait, for up to 60 s." {
		t.Errorf("lead %q", got)
	}
	f.Working = nil
	if got := leadOf(nowPage{flow: f}); got != "No worker is alive: 10,002+ pictures wait." {
		t.Errorf("without a worker %q", got)
	}
}

// TestFilterStandsInTheAddress: every view is a URL.
func TestFilterStandsInTheAddress(t *testing.T) {
	t.Parallel()
	for _, f := range []failures.Filter{
		{},
		{Reason: fault.DecodeFailed, Host: "a.example:8080", UserID: 7, ProductID: 9, FailedAfter: time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC), FailedBefore: time.Date(2026, 11, 28, 7, 0, 30, 0, time.UTC)},
	} {
		u, err := url.Parse(failedPath(f))
		if err != nil {
			t.Fatal(err)
		}
		if got := filterOf(u.Query()); got.Reason != f.Reason || got.Host != f.Host || got.UserID != f.UserID || got.ProductID != f.ProductID || !got.FailedAfter.Equal(f.FailedAfter) || !got.FailedBefore.Equal(f.FailedBefore) {
			t.Errorf("%s is %+v, want %+v", u, got, f)
		}
	}
	chips := chipsOf(failures.Filter{Host: "a.example", UserID: 7})
	if len(chips) != 2 || chips[0].Href != "/console/failed?user=7" || chips[1].Href != "/console/failed?host=a.example" {
		t.Errorf("chips %+v", chips)
	}
	for text, want := range map[string]bool{"1700000000000.image-7": true, "": false, "x.image-7": false, "17.image": false} {
		if got := positionOf(text); (got != nil) != want {
			t.Errorf("position %q is %v", text, got)
		}
	}
}

func TestPivot(t *testing.T) {
	t.Parallel()
	count := func(n int) failures.Tally { return failures.Tally{Count: n} }
	p := pivotOf(failures.Summarize([]failures.Group{
		{Reason: fault.SourceTimeout, Host: "slow.example", Tally: count(400)},
		{Reason: fault.DecodeFailed, Host: "slow.example", Tally: count(1)},
		{Reason: fault.DecodeFailed, Host: "odd.example", Tally: count(100)},
	}), failures.Filter{UserID: 7})
	if len(p.Reasons) != 2 || len(p.Hosts) != 2 || p.Hosts[0].Host != "slow.example" || p.Hosts[0].Total != 401 {
		t.Fatalf("pivot %+v", p)
	}
	want := []cell{
		{400, 4, "/console/failed?host=slow.example&reason=source_timeout&user=7"},
		{1, 1, "/console/failed?host=slow.example&reason=decode_failed&user=7"},
	}
	for i, c := range p.Hosts[0].Cells {
		if c != want[i] {
			t.Errorf("cell %+v, want %+v", c, want[i])
		}
	}
	if c := p.Hosts[1].Cells[0]; c.Count != 0 || c.Href != "" {
		t.Errorf("an empty cell %+v", c)
	}
}

// TestEveryFindingLeadsSomewhere: each kind of action has its page.
func TestEveryFindingLeadsSomewhere(t *testing.T) {
	t.Parallel()
	for _, kind := range findings.ActionKinds() {
		w := wrongOf(findings.Finding{Action: findings.Action{Kind: kind, Host: "a.example", ID: 3, UserID: 7}})
		if w.Do == "" || w.Href == "" || kind != findings.ShowReadiness && w.Href == "/readyz" {
			t.Errorf("%s leads to %q by %q", kind, w.Href, w.Do)
		}
	}
}
