package products

import (
	"strconv"
	"strings"
	"time"

	"vitrine.dev/internal/attempts"
	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/media"
)

// stage is a part of an attempt: a line of text, and a bar at its place in the time that the attempt took.
type stage struct {
	Name        string
	Words       string
	Class       string
	Hop         bool // a part of the stage before
	Bar         bool
	From, Share int
}

// whole is the width of all bars together, in their own units.
const whole = 1000

// stagesOf are the stages of an attempt at a picture of the host. Where an attempt was
// between its steps, as in a wait for memory, is not known: the steps are drawn one behind the other, and what is
// left at the end.
func stagesOf(a attempts.Attempt, host string) (list []stage) {
	if a.BegunAt == 0 && len(a.Steps) == 0 {
		return nil
	}
	begun := time.UnixMilli(a.BegunAt)
	if a.BegunAt != 0 {
		list = append(list, stage{Name: "queue", Words: "waited " + frame.Took(time.Duration(a.WaitedMS)*time.Millisecond)})
	}
	if a.Worker != "" {
		list = append(list, stage{Name: "worker", Words: a.Worker})
	}
	var steps int64
	for _, s := range a.Steps {
		steps += max(s.TookMS, 1)
	}
	total := steps
	if a.BegunAt != 0 {
		total = max(total, a.EndedAt.Sub(begun).Milliseconds())
	}
	scale := scale{total: max(total, 1)}
	for _, s := range a.Steps {
		at := scale.at
		list = append(list, scale.place(stageOf(a, s), s.TookMS))
		if s.Name == string(media.StepFetch) {
			list = append(list, hopsOf(s, host, scale.total, at)...)
			if !s.Failed {
				list = append(list, contentOf(a)...)
			}
		}
	}
	if rest := total - steps; a.Outcome == media.OutcomeReady {
		list = append(list, scale.place(stage{Name: "ready", Class: "step-complete", Words: frame.Took(time.Duration(rest)*time.Millisecond) + " between the steps and for the commit"}, rest))
	}
	return list
}

// scale places bars one behind the other.
type scale struct{ total, at int64 } // in milliseconds

func (s *scale) place(st stage, ms int64) stage {
	ms = max(ms, 1)
	st.Bar = true
	st.From, st.Share = part(s.at, s.total), max(part(ms, s.total), 4)
	s.at += ms
	return st
}

func part(ms, total int64) int { return int(min(ms*whole/total, whole)) }

// stageOf is a step in words.
func stageOf(a attempts.Attempt, s events.Step) stage {
	facts := []string{frame.Took(time.Duration(s.TookMS) * time.Millisecond)}
	if s.Name == string(media.StepFetch) && a.Status != 0 && len(s.Hops) == 0 {
		facts = append(facts, "answered with "+strconv.Itoa(a.Status))
	}
	switch {
	case s.BytesIn > 0 && s.BytesOut > 0 && s.BytesIn != s.BytesOut:
		facts = append(facts, frame.Bytes(s.BytesIn)+" to "+frame.Bytes(s.BytesOut))
	case s.BytesIn > 0 || s.BytesOut > 0:
		facts = append(facts, frame.Bytes(max(s.BytesIn, s.BytesOut)))
	}
	st := stage{Name: s.Name, Words: strings.Join(facts, ", "), Class: "step-" + s.Name}
	if s.Failed {
		st.Class = "failed"
	}
	return st
}

// hopsOf are the requests of a fetch that was redirected, drawn from its beginning on.
func hopsOf(s events.Step, host string, total, at int64) (list []stage) {
	within := scale{total: total, at: at}
	for _, h := range s.Hops {
		if h.Host != "" {
			host = h.Host
		}
		answer := "no answer"
		if h.Status != 0 {
			answer = strconv.Itoa(h.Status)
		}
		list = append(list, within.place(stage{
			Name: host, Words: answer + " in " + frame.Took(time.Duration(h.TookMS)*time.Millisecond), Class: "step-hop", Hop: true,
		}, h.TookMS))
	}
	return list
}

// contentOf says whether the content was known, by its hash, which is made while it is downloaded.
func contentOf(a attempts.Attempt) []stage {
	switch {
	case a.Published:
		return []stage{{Name: "hash", Words: "the same content was published before: nothing to render"}}
	case len(a.Steps) > 1:
		return []stage{{Name: "hash", Words: "new content"}}
	default:
		return nil
	}
}
