package products

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"vitrine.dev/internal/attempts"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/media"
)

// moment is one entry of the timeline.
type moment struct {
	At            time.Time
	Class         string
	What, Details string
	Stages        []stage // of an attempt
	Trace         trace
}

// trace is where one sees an attempt in detail.
type trace struct{ ID, URL string }

// traceOf returns the trace of the id, with its address where a template of addresses is given.
func traceOf(id, template string) trace {
	t := trace{ID: id}
	if id != "" && template != "" {
		t.URL = strings.ReplaceAll(template, TraceID, id)
	}
	return t
}

// timelineOf is what is known of the picture, from its beginning on: when it was asked for, first and again, and each
// attempt; and what it waits for now.
func timelineOf(img catalog.Image, history attempts.History, traces string) []moment {
	timeline := []moment{{At: img.CreatedAt, What: "Asked for", Details: "Committed with its product; its work began to wait"}}
	for _, again := range history.Asked {
		timeline = append(timeline, moment{At: again.At, Class: "waiting", What: "Asked for again", Details: "By a " + string(again.Cause)})
	}
	host := media.SourceHost(img.SourceURL)
	for _, a := range history.Attempts {
		m := momentOf(a, host)
		m.Trace = traceOf(a.TraceID, traces)
		timeline = append(timeline, m)
	}
	slices.SortStableFunc(timeline, func(a, b moment) int { return a.At.Compare(b.At) })
	return timeline
}

// momentOf is an attempt that has ended, at a picture of the host.
func momentOf(a attempts.Attempt, host string) moment {
	m := moment{At: a.EndedAt, Stages: stagesOf(a, host)}
	why, detail := "", ""
	if a.Failure != nil {
		why, detail = ": "+lower(frame.ReasonWords(a.Failure.Reason)), a.Failure.Detail
	}
	attempt := "Attempt"
	if a.Number > 0 {
		attempt += " " + strconv.Itoa(a.Number)
	}
	switch a.Outcome {
	case media.OutcomeReady:
		m.Class, m.What = "ready", attempt+": ready"
	case media.OutcomeRetried:
		m.Class, m.What = "waiting", attempt+" failed"+why
	default:
		m.Class, m.What = "failed", attempt+" failed for good"+why
	}
	var facts []string
	if detail != "" {
		facts = append(facts, strings.TrimSuffix(detail, "."))
	}
	if a.BegunAt != 0 {
		facts = append(facts, "took "+frame.Took(a.EndedAt.Sub(time.UnixMilli(a.BegunAt))))
	}
	m.Details = strings.Join(facts, ", ")
	return m
}
