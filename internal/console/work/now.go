package work

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/processes"
)

// day is how far the page Now looks back for failures.
const day = 24 * time.Hour

// hostsMost is how many hosts with an open breaker are counted.
const hostsMost = 100

// nowPage is what the page Now shows.
type nowPage struct {
	flow

	Failed   failures.Summary
	Open     []dispatch.HostView
	OpenMore bool
	Slots    []slot // few enough to be drawn one by one; nil: there are more
}

// slot is a place for one download.
type slot struct{ Class string }

// slotsMost is how many slots are drawn one by one.
const slotsMost = 256

func (p *Pages) overview(ctx context.Context) (flow, error) {
	o, err := frame.Ask(ctx, p.Work.Overview)
	if err != nil {
		return flow{}, fmt.Errorf("look at the queue: %w", err)
	}
	return flowOf(o), nil
}

func (p *Pages) now(r *http.Request) (frame.Answer, error) {
	by := auth.From(r.Context())
	f, err := p.overview(r.Context())
	if err != nil {
		return frame.Answer{}, err
	}
	page := nowPage{flow: f, Slots: slotsOf(f.Working)}
	page.Failed, err = frame.Ask(r.Context(), func(ctx context.Context) (failures.Summary, error) {
		return p.Failures.Summary(ctx, by, failures.Filter{FailedAfter: time.Now().Add(-day)})
	})
	if err != nil {
		return frame.Answer{}, fmt.Errorf("count failures: %w", err)
	}
	page.Open, err = frame.Ask(r.Context(), func(ctx context.Context) (open []dispatch.HostView, err error) {
		open, page.OpenMore, err = p.Work.Hosts(ctx, dispatch.HostFilter{State: dispatch.HostOpen}, hostsMost)
		return open, err
	})
	if err != nil {
		return frame.Answer{}, fmt.Errorf("look for open breakers: %w", err)
	}
	return frame.Answer{Page: frame.Page{
		Title: "Now", Nav: "now", Name: "now", Lead: leadOf(page, time.Now()), Data: page, Live: true, Often: true,
	}}, nil
}

// leadOf says in a sentence how it goes.
func leadOf(p nowPage, now time.Time) string {
	switch {
	case len(p.Working) == 0 && p.Waiting > 0:
		return fmt.Sprintf("No worker is alive: %s.", waitWords(p.flow))
	case len(p.Working) == 0:
		return "No worker is alive."
	case p.Waiting == 0 && p.InFlight == 0:
		return "Nothing waits: every picture is ready, or has failed for good."
	case p.Waiting == 0:
		return fmt.Sprintf("%s in work, none waits.", frame.Plural(p.InFlight, "picture"))
	default:
		return fmt.Sprintf("%s, the oldest for %s.", waitWords(p.flow), frame.Took(now.Sub(p.Oldest)))
	}
}

// waitWords is "3 pictures wait".
func waitWords(f flow) string {
	switch {
	case f.WaitingMore:
		return frame.UpTo(f.Waiting, true) + " pictures wait"
	case f.Waiting == 1:
		return "1 picture waits"
	default:
		return frame.Number(f.Waiting) + " pictures wait"
	}
}

// slotsOf draws the slots of the processes, those in use first.
func slotsOf(working []processes.Process) []slot {
	var slots []slot
	for _, w := range working {
		for i := range w.Slots {
			class := "idle"
			if i < w.InFlight {
				class = "work"
			}
			if slots = append(slots, slot{class}); len(slots) > slotsMost {
				return nil
			}
		}
	}
	return slots
}
