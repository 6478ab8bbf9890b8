package work

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/findings"
	"vitrine.dev/internal/statistics"
)

// hostsPage is what the page Hosts shows.
type hostsPage struct {
	Filter dispatch.HostFilter
	Failed []host // those whose breaker has opened, for which most waits: on the first page of all
	Hosts  []host
	Next   string // the address of the next page
}

// host is one of them.
type host struct {
	dispatch.HostView
	statistics.Fetches

	Class, Words string // its condition
	Text         string // since when it fails, and why; "" for one that does not
	More         bool   // more may be parked
	Until        time.Time
	Rate, Speed  bar    // of the fetches of the last hour
	RateWords    string // "" where there were none
	Try          string // where it is tried; "" while there is nothing to try
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

// hostOf is the host as the pages show it; most is up to how many of its parked pictures were counted.
func hostOf(v dispatch.HostView, f statistics.Fetches, most int) host {
	h := host{HostView: v, Fetches: f, More: v.Parked >= most}
	h.Words, h.Class = conditionWords(v.State)
	h.Text = findings.HostText(time.UnixMilli(v.Now), v, h.More)
	if v.State == dispatch.HostOpen {
		h.Until, h.Try = time.UnixMilli(v.OpenUntil), frame.Path+tryPath(v.Name)
	}
	if rate, known := f.Rate(); known {
		all := f.Succeeded + f.Failed
		// Rounded down: nothing but all is 100 %.
		h.RateWords = strconv.FormatFloat(math.Floor(rate*1000)/10, 'f', -1, 64) + " % of " + frame.Number(all)
		good := int(rate * barWidth)
		h.Rate = bar{Label: h.RateWords + " succeeded", Parts: shares(barWidth, part{Class: "ready", Images: good}, part{Class: "failed", Images: barWidth - good})}
	}
	if f.Succeeded > 0 {
		from, to := onScale(f.P50), onScale(f.P95)
		h.Speed = bar{
			Label: fmt.Sprintf("Half take up to %s, 95 %% up to %s", frame.Took(f.P50), frame.Took(f.P95)),
			Parts: []part{{Class: "work", From: from, Share: max(to-from, thinnest)}},
		}
	}
	return h
}

// The scale of durations is logarithmic, from 10 ms to 100 s, so that both a quick and a slow host can be told from others.
const (
	scaleFrom    = 10 * time.Millisecond
	scaleDecades = 4
	thinnest     = 20 // of what is drawn, of barWidth
)

func onScale(d time.Duration) int {
	at := math.Log10(float64(d)/float64(scaleFrom)) / scaleDecades * barWidth
	return int(min(max(at, 0), barWidth-thinnest))
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

// hostsShown is how many hosts a page has, and failingShown how many of those that fail stand before them.
const (
	hostsShown   = 50
	failingShown = 12
)

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
	var failing []dispatch.HostView
	if page.Filter.Host == "" && page.Filter.State == "" && page.Filter.After == "" {
		failing, err = frame.Ask(r.Context(), func(ctx context.Context) ([]dispatch.HostView, error) { return p.Work.Failing(ctx, failingShown) })
		if err != nil {
			return frame.Answer{}, fmt.Errorf("list failing hosts: %w", err)
		}
	}
	fetches, err := p.fetches(r.Context(), found)
	if err != nil {
		return frame.Answer{}, err
	}
	for _, v := range failing {
		page.Failed = append(page.Failed, hostOf(v, statistics.Fetches{}, dispatch.CountMost))
	}
	for _, v := range found {
		h := hostOf(v, fetches[v.Name], dispatch.ParkedMost)
		if slices.ContainsFunc(failing, func(f dispatch.HostView) bool { return f.Name == v.Name }) {
			h.Text, h.Try = "", "" // they stand above
		}
		page.Hosts = append(page.Hosts, h)
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

// fetches are those of the hosts in the last hour.
func (p *Pages) fetches(ctx context.Context, hosts []dispatch.HostView) (map[string]statistics.Fetches, error) {
	names := make([]string, len(hosts))
	for i, v := range hosts {
		names[i] = v.Name
	}
	found, err := frame.Ask(ctx, func(ctx context.Context) (map[string]statistics.Fetches, error) { return p.Past.Fetches(ctx, names) })
	if err != nil {
		return nil, fmt.Errorf("look at the fetches of hosts: %w", err)
	}
	return found, nil
}

// tryHost has a host tried at once.
func (p *Pages) tryHost(r *http.Request) (frame.Answer, error) {
	h, err := p.Work.Try(r.Context(), r.PathValue("host"))
	if err != nil {
		return frame.Answer{}, fmt.Errorf("try a host: %w", err)
	}
	return frame.Answer{
		SeeOther: "/hosts?host=" + url.QueryEscape(h.Name),
		Note:     h.Name + " is tried now, with one picture at a time until it answers.",
	}, nil
}

// hostPath is the address of what is known of a host.
func hostPath(name string) string { return frame.Path + "/hosts?host=" + url.QueryEscape(name) }

// tryPath is where a host is tried, below frame.Path.
func tryPath(name string) string { return "/hosts/" + url.PathEscape(name) + "/try" }
