package products

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"vitrine.dev/internal/attempts"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/media"
)

// moment is one entry of the timeline.
type moment struct {
	At            time.Time
	Class         string
	What, Details string
	Steps         []step
	TraceID       string
}

// step is a part of an attempt, and its place in the bar of all.
type step struct {
	Words       string
	Class       string
	From, Share int
}

// whole is the width of a bar, in its own units.
const whole = 1000

// timelineOf is what is known of the picture, from its beginning on: when it was asked for, first and again, and each attempt.
func timelineOf(img catalog.Image, tried []attempts.Attempt, log []events.Event) []moment {
	timeline := []moment{{At: img.CreatedAt, What: "Asked for", Details: "Committed with its product; its work began to wait"}}
	for _, e := range log {
		if e.ImageID == img.ID && e.Type == events.ImageRetrying && e.Data.Cause != "" {
			timeline = append(timeline, moment{At: e.OccurredAt, Class: "waiting", What: "Asked for again", Details: "By a " + string(e.Data.Cause)})
		}
	}
	for _, a := range tried {
		timeline = append(timeline, momentOf(a))
	}
	slices.SortStableFunc(timeline, func(a, b moment) int { return a.At.Compare(b.At) })
	return timeline
}

// momentOf is an attempt that has ended.
func momentOf(a attempts.Attempt) moment {
	m := moment{At: a.EndedAt, TraceID: a.TraceID, Steps: stepsOf(a.Steps)}
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
	if a.Status != 0 {
		facts = append(facts, "the host answered with "+strconv.Itoa(a.Status))
	}
	if a.Redirects > 0 {
		facts = append(facts, frame.Plural(a.Redirects, "redirect")+" followed")
	}
	if a.Published {
		facts = append(facts, "the same content was published before")
	}
	if begun := a.BegunAt; begun != 0 {
		facts = append(facts, "took "+frame.Took(a.EndedAt.Sub(time.UnixMilli(begun))))
	}
	m.Details = strings.Join(facts, ", ")
	return m
}

// stepsOf draws the steps one behind the other, by the time that each took.
func stepsOf(list []events.Step) []step {
	var total int64
	for _, s := range list {
		total += max(s.TookMS, 1)
	}
	var steps []step
	at := 0
	for _, s := range list {
		words := fmt.Sprintf("%s %s", s.Name, frame.Took(time.Duration(s.TookMS)*time.Millisecond))
		if s.BytesIn > 0 || s.BytesOut > 0 {
			words += ", " + frame.Bytes(max(s.BytesIn, s.BytesOut))
		}
		class := "step-" + s.Name
		if s.Failed {
			class = "failed"
		}
		share := int(max(s.TookMS, 1) * whole / total)
		steps = append(steps, step{Words: words, Class: class, From: at, Share: share})
		at += share
	}
	return steps
}
