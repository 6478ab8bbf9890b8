package work

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/dispatch"
)

// hostsPage is what the page Hosts shows.
type hostsPage struct {
	Filter dispatch.HostFilter
	Hosts  []host
	Next   string // the address of the next page
}

// host is one of them.
type host struct {
	dispatch.HostView

	Class, Words string // its condition
	Since        time.Time
	Until        time.Time
	FailedAt     time.Time
	Recent       time.Duration
	Use          bar
}

// conditionWords is a host's condition for people, with its colour.
func conditionWords(c dispatch.Condition) (words, class string) {
	switch c {
	case dispatch.HostAnswers:
		return "Answers", "ready"
	case dispatch.HostFailing:
		return "Some fail", "waiting"
	case dispatch.HostProbed:
		return "Tried with one", "waiting"
	case dispatch.HostOpen:
		return "Not fetched from", "failed"
	default:
		return "Not known yet", ""
	}
}

func hostOf(v dispatch.HostView) host {
	h := host{HostView: v, Recent: time.Duration(v.RecentMS) * time.Millisecond}
	h.Words, h.Class = conditionWords(v.State)
	if v.FailingAt > 0 {
		h.Since = time.UnixMilli(v.FailingAt)
	}
	if v.FailedAt > 0 {
		h.FailedAt = time.UnixMilli(v.FailedAt)
	}
	if v.State == dispatch.HostOpen {
		h.Until = time.UnixMilli(v.OpenUntil)
	}
	h.Use = bar{
		Label: fmt.Sprintf("%d of %d places in use", v.InFlight, v.Limit),
		Parts: shares(max(v.Limit, v.InFlight), part{Class: "work", Images: v.InFlight}),
	}
	return h
}

// shares gives the parts their share of a whole that they need not fill.
func shares(whole int, parts ...part) []part {
	at := 0
	for i, p := range parts {
		if whole > 0 {
			parts[i].Share = min(p.Images*barWidth/whole, barWidth-at)
		}
		parts[i].From = at
		at += parts[i].Share
	}
	return parts
}

// hostsShown is how many hosts a page has.
const hostsShown = 50

func (p *Pages) hosts(r *http.Request) (frame.Answer, error) {
	q := r.URL.Query()
	page := hostsPage{Filter: dispatch.HostFilter{Host: q.Get("host"), State: dispatch.Condition(q.Get("state")), After: q.Get("after")}}
	more := false
	found, err := frame.Ask(r.Context(), func(ctx context.Context) (found []dispatch.HostView, err error) {
		found, more, err = p.Work.Hosts(ctx, page.Filter, hostsShown)
		return found, err
	})
	if err != nil {
		return frame.Answer{}, fmt.Errorf("list hosts: %w", err)
	}
	for _, v := range found {
		page.Hosts = append(page.Hosts, hostOf(v))
	}
	if more {
		q.Set("after", found[len(found)-1].Name)
		page.Next = frame.Path + "/hosts?" + q.Encode()
	}
	return frame.Answer{Page: frame.Page{
		Title: "Hosts", Nav: "hosts", Name: "hosts", Lead: "Where pictures are fetched from. A host that fails five times in a row is left alone for a while.",
		Data: page, Live: true, Often: true,
	}}, nil
}

// hostPath is the address of what is known of a host.
func hostPath(name string) string { return frame.Path + "/hosts?host=" + url.QueryEscape(name) }
