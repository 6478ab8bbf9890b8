package work

import (
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/findings"
	"vitrine.dev/internal/statistics"
)

func TestHostOf(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 4, 0, 0, 0, time.UTC)
	open := dispatch.HostView{Name: "[::1]:80", Now: now.UnixMilli(), State: dispatch.HostOpen, Parked: 1000, Host: dispatch.Host{FailingAt: now.UnixMilli(), OpenUntil: now.Add(time.Minute).UnixMilli()}}
	h := hostOf(open, statistics.Fetches{Succeeded: 1999, Failed: 1, P50: 100 * time.Millisecond, P95: 10 * time.Second}, 1000)
	if h.RateWords != "99.9 % of 2,000" || h.Try != "/console/hosts/%5B::1%5D:80/try" || !h.More || !h.Until.Equal(now.Add(time.Minute)) || !strings.Contains(h.Text, "1,000+ pictures wait") {
		t.Errorf("host %+v", h)
	}
	if p := h.Speed.Parts[0]; p.From != barWidth/4 || p.Share != barWidth/2 {
		t.Errorf("from a tenth of a second to ten are %+v", p)
	}
	for _, f := range []statistics.Fetches{{Succeeded: 1, P50: time.Millisecond, P95: time.Hour}, {Succeeded: 1, P50: time.Hour, P95: time.Hour}} {
		if p := hostOf(open, f, 1000).Speed.Parts[0]; p.From < 0 || p.Share < thinnest || p.From+p.Share > barWidth {
			t.Errorf("%+v are drawn as %+v", f, p)
		}
	}
	well := hostOf(dispatch.HostView{Name: "a.example", State: dispatch.HostAnswers, Parked: 3}, statistics.Fetches{}, 1000)
	if well.RateWords != "" || well.Try != "" || well.Text != "" || well.More || well.Speed.Parts != nil {
		t.Errorf("host %+v", well)
	}
	if got := hostOf(open, statistics.Fetches{Failed: 3}, 1000); got.RateWords != "0 % of 3" || got.Speed.Parts != nil {
		t.Errorf("host %+v", got)
	}
}

// TestOnlyOpenHostsAreTried: a finding has the button where it does something.
func TestOnlyOpenHostsAreTried(t *testing.T) {
	t.Parallel()
	failing := []dispatch.HostView{{Name: "a.example", State: dispatch.HostProbed}, {Name: "b.example", State: dispatch.HostOpen}}
	for host, want := range map[string]string{"a.example": "", "b.example": "/console/hosts/b.example/try", "c.example": ""} {
		if got := tryOf(findings.Finding{Code: findings.HostFailing, Action: findings.Action{Host: host}}, failing); got != want {
			t.Errorf("%s: %q, want %q", host, got, want)
		}
	}
	if got := tryOf(findings.Finding{Code: findings.PicturesFailed, Action: findings.Action{Host: "b.example"}}, failing); got != "" {
		t.Errorf("pictures that have failed: %q", got)
	}
}

func TestTurnsFillTheTime(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 28, 4, 0, 0, 0, time.UTC)
	in := at.Add
	turns := turnsOf(dispatch.Overview{At: at, Turns: []dispatch.Turn{
		{Place: 1, Flow: dispatch.Flow{UserID: 1, Class: dispatch.Contact}},
		{Place: 1, FirstAt: in(time.Second), LastAt: in(100 * time.Second)},
		{Place: 2, FirstAt: in(2 * time.Second), LastAt: in(50 * time.Second)},
		{Place: 3, FirstAt: in(100 * time.Second), LastAt: in(100 * time.Second)},
	}})
	if !turns[0].Contact || turns[0].Share.Parts != nil {
		t.Errorf("the first contact is %+v", turns[0])
	}
	for i, want := range []part{{From: 10, Share: 990}, {From: 20, Share: 480}, {From: barWidth - thinnest, Share: thinnest}} {
		if p := turns[i+1].Share.Parts[0]; p.From != want.From || p.Share != want.Share {
			t.Errorf("turn %d is drawn as %+v, want %+v", i+1, p, want)
		}
	}
}
