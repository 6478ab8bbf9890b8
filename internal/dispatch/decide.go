package dispatch

import (
	"cmp"
	"slices"

	"vitrine.dev/internal/media"
)

// Users take turns by start-time fair queueing (Goyal, Vin, Cheng: "Start-time
// Fair Queuing", SIGCOMM 1996) with every job of the same size: a job's rank is
// behind the last one of its own user, or at the head of the line where that user
// has none, so that no number of one user's jobs makes another wait.

// LineWindow is how much of the line a step looks at, and the most that it dispatches.
const LineWindow = 128

// Row is an image with work.
type Row struct {
	ID, UserID int64
	Stage      media.Stage
	Rank       int64 // in line and out
	Token      int64 // out
	DueAt      int64 // later
}

// Window is what a step sees.
type Window struct {
	Waiting int             // out, and neither begun nor lost
	Running int             // out, and begun
	Line    []Row           // the head of the line by rank, at most LineWindow
	Lost    []Row           // out, and not begun in time
	Due     []Row           // later, and due by now
	More    bool            // more may be due than Due has
	Last    map[int64]int64 // the last rank of each user of Due who has any
	Floor   int64           // the highest rank that was dispatched: no new one is lower
}

// Position is where a row goes.
type Position struct {
	Row // as it was seen

	To      media.Stage // InLine or Out
	NewRank int64
}

// Decide returns what is dispatched, at most room of it and the lowest ranks
// first. What does not go stays as it is and is seen by the next step; only
// where more is due than a step sees, what it has seen goes in line, to make
// room for the rest.
func Decide(w Window, room int) []Position {
	waiting := make([]Position, 0, len(w.Line)+len(w.Lost)+len(w.Due))
	for _, r := range slices.Concat(w.Lost, w.Line) {
		waiting = append(waiting, Position{Row: r, To: media.Out, NewRank: r.Rank})
	}
	head := w.Floor
	if len(w.Line) > 0 {
		head = max(head, w.Line[0].Rank)
	}
	next := map[int64]int64{}
	for user, last := range w.Last {
		next[user] = last + 1
	}
	slices.SortFunc(w.Due, func(a, b Row) int { return cmp.Or(cmp.Compare(a.DueAt, b.DueAt), cmp.Compare(a.ID, b.ID)) })
	for _, r := range w.Due {
		rank := max(head, next[r.UserID])
		next[r.UserID] = rank + 1
		waiting = append(waiting, Position{Row: r, To: media.Out, NewRank: rank})
	}
	slices.SortStableFunc(waiting, func(a, b Position) int {
		return cmp.Or(cmp.Compare(a.NewRank, b.NewRank), cmp.Compare(a.ID, b.ID))
	})
	n := max(0, min(room, LineWindow, len(waiting)))
	if !w.More {
		return waiting[:n]
	}
	for i := range waiting[n:] {
		waiting[n+i].To = media.InLine
	}
	return slices.DeleteFunc(waiting, func(p Position) bool { return p.To == media.InLine && p.Stage != media.Later })
}
