package work

import (
	"time"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/processes"
)

// part is one of a bar: all parts of a bar are a whole of barWidth.
type part struct {
	Label, Class string
	Images       int
	More         bool
	Share, From  int
}

// barWidth is the width of a bar, in its own units.
const barWidth = 1000

// bar is a picture of how a whole is made up.
type bar struct {
	Label string
	Parts []part
}

// proportions gives every part its share: one of images is at least wide enough to be seen.
func proportions(parts []part) []part {
	total := 0
	for _, p := range parts {
		total += p.Images
	}
	const visible = 8
	at := 0
	for i, p := range parts {
		if p.Images > 0 {
			parts[i].Share = max(p.Images*barWidth/total, visible)
		}
		parts[i].From = at
		at += parts[i].Share
	}
	if at > barWidth { // what made small ones visible is taken from the largest
		largest := 0
		for i := range parts {
			if parts[i].Share > parts[largest].Share {
				largest = i
			}
		}
		parts[largest].Share -= at - barWidth
		for i := largest + 1; i < len(parts); i++ {
			parts[i].From -= at - barWidth
		}
	}
	return parts
}

// stateWords are the states for people, with the colour of each.
func stateWords(s dispatch.State) (label, class string) {
	switch s {
	case dispatch.StateDue:
		return "just come", "waiting paler"
	case dispatch.StateInLine:
		return "in line", "waiting"
	case dispatch.StateParked:
		return "for their host", "waiting pale"
	case dispatch.StateLater:
		return "for a retry", "waiting paler"
	case dispatch.StateDispatched:
		return "handed out", "work pale"
	case dispatch.StateBegun:
		return "in work", "work"
	default:
		return string(s), "idle"
	}
}

// flow is an Overview as the pages show it.
type flow struct {
	dispatch.Overview

	Waiting     int // not out
	WaitingMore bool
	Waited      time.Duration // of the one that waits longest, since it was last due; 0 where none is due
	PerMinute   float64
	States      bar
	Working     []processes.Process // that have slots
	Busy        int                 // slots that are held
}

func flowOf(o dispatch.Overview) flow {
	f := flow{Overview: o, PerMinute: o.PerSecond * time.Minute.Seconds(), States: bar{Label: "Pictures by what they wait for"}}
	f.Waiting, f.WaitingMore, f.Waited = o.Waiting()
	var parts []part
	for _, s := range o.States {
		label, class := stateWords(s.State)
		parts = append(parts, part{Label: label, Class: class, Images: s.Images, More: s.More})
	}
	f.States.Parts = proportions(parts)
	for _, p := range o.Processes {
		if p.Slots > 0 {
			f.Working = append(f.Working, p)
			f.Busy += min(p.SlotsTaken(), p.Slots)
		}
	}
	return f
}
