package work

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/statistics"
)

// history is what happened lately, as the page Now shows it.
type history struct {
	Ranges    []chip
	Words     string  // "the last hour"
	PerMinute float64 // pictures that have become ready
	Charts    []chart // none: it could not be read
	Rows      []moment
}

// moment is a row of the table that says what the charts do.
type moment struct {
	statistics.Point

	FailedPath string
}

// rangeParam is the parameter with the time that is shown.
const rangeParam = "range"

// span is one of the times that can be shown.
type span struct {
	Key, Label, Words string
	Minutes           int
}

// spansShown is how many there are.
const spansShown = 3

// spans are these; the first is shown unless another one is asked for.
func spans() [spansShown]span {
	return [spansShown]span{{"", "1 h", "the last hour", 60}, {"6h", "6 h", "the last 6 hours", 360}, {"24h", "24 h", "the last 24 hours", 1440}}
}

// rateMinutes is over how many minutes it is counted how many pictures become ready in one.
const rateMinutes = 5

// rowsMost is how many rows the table has.
const rowsMost = 12

// history reads what happened in the time that the address asks for; a page does without what cannot be
// read within a second.
func (p *Pages) history(r *http.Request) history {
	all := spans()
	shown := 0
	for i, s := range all {
		if s.Key == r.URL.Query().Get(rangeParam) {
			shown = i
		}
	}
	h := history{Words: all[shown].Words}
	for i, s := range all {
		h.Ranges = append(h.Ranges, chip{Text: s.Label, Href: frame.Query(r, rangeParam, s.Key), Here: i == shown})
	}
	past, _ := recently(r.Context(), &p.past[shown], func(ctx context.Context) (statistics.History, error) {
		past, err := p.Past.History(ctx, all[shown].Minutes, nil)
		if err != nil {
			p.Unread.Failed(ctx, "history", fault.InTime(ctx, err))
		} else {
			p.Unread.Succeeded(ctx)
		}
		return past, err
	})
	if len(past.Points) > 0 {
		h.PerMinute = past.ReadyPerMinute(rateMinutes)
		h.Charts = []chart{throughput(past), backlog(past)}
		h.Rows = rowsOf(past.Points)
	}
	return h
}

// failedOf is the address of what failed in the time of a point.
func failedOf(p statistics.Point) string {
	from, to := p.Ended()
	return failedPath(failures.Filter{FailedAfter: from, FailedBefore: to})
}

// throughput shows how attempts ended, of a minute.
func throughput(past statistics.History) chart {
	points := past.Points
	ready := series{Label: "Ready", Colour: "ready", Bars: true, Href: frame.Path + "/products"}
	retried := series{Label: "Retried", Colour: "waiting", Bars: true, Href: frame.Path + "/hosts?state=failing"}
	failed := series{Label: "Failed", Colour: "failed", Bars: true, Links: map[int]string{}}
	var sum statistics.Counts
	most, at := 0.0, time.Time{}
	for i, p := range points {
		rate := func(n int64) *float64 { return new(float64(n) / float64(p.Minutes)) }
		ready.Values, retried.Values, failed.Values = append(ready.Values, rate(p.Ready)), append(retried.Values, rate(p.Retried)), append(failed.Values, rate(p.Failed))
		if p.Failed > 0 {
			failed.Links[i] = failedOf(p)
		}
		sum.Ready, sum.Retried, sum.Failed = sum.Ready+p.Ready, sum.Retried+p.Retried, sum.Failed+p.Failed
		if all := *rate(p.Ready + p.Retried + p.Failed); all > most {
			most, at = all, p.At
		}
	}
	from, _ := points[0].Ended()
	failed.Href = failedPath(failures.Filter{FailedAfter: from})
	ready.Total, retried.Total, failed.Total = frame.Number(sum.Ready), frame.Number(sum.Retried), frame.Number(sum.Failed)
	text := "No attempt has ended in this time."
	if most > 0 {
		text = fmt.Sprintf("%s ready, %s retried, %s failed; at most %s a minute, at %s UTC.", ready.Total, retried.Total, failed.Total, frame.Rate(most), clock(at))
	}
	return newChart("throughput", "Throughput", "attempts a minute, by how they ended", text, past, ready, retried, failed)
}

// backlog shows what waited.
func backlog(past statistics.History) chart {
	waiting := series{Label: "Waiting", Colour: "waiting", Bars: true, Href: frame.Path + "/queue"}
	oldest := series{Label: "Waits longest", Colour: "ink", Seconds: true, Href: frame.Path + "/queue"}
	var highest statistics.Sample
	var at time.Time
	seen := false
	for _, p := range past.Points {
		var n, age *float64
		if s := p.Sample; s != nil {
			n, age, seen = new(float64(s.Waiting)), new(s.Oldest.Seconds()), true
			if s.Waiting > highest.Waiting {
				highest.Waiting, highest.More, at = s.Waiting, s.More, p.At
			}
			highest.Oldest = max(highest.Oldest, s.Oldest)
		}
		waiting.Values, oldest.Values = append(waiting.Values, n), append(oldest.Values, age)
	}
	text := "Nothing waited in this time."
	if !seen {
		text = "No one has looked at what waits in this time."
	} else if highest.Waiting > 0 {
		text = fmt.Sprintf("At most %s waited, at %s UTC; the longest wait was %s.", frame.UpTo(highest.Waiting, highest.More), clock(at), frame.Took(highest.Oldest))
	}
	waiting.Total, oldest.Total = frame.UpTo(highest.Waiting, highest.More), frame.Took(highest.Oldest)
	return newChart("backlog", "Backlog", "pictures that wait, and for how long the oldest has", text, past, waiting, oldest)
}

// rowsOf puts the points together to a few rows, the latest first.
func rowsOf(points []statistics.Point) []moment {
	each := (len(points) + rowsMost - 1) / rowsMost
	var rows []moment
	for end := len(points); end > 0; end -= each {
		part := points[max(0, end-each):end]
		sum := statistics.Point{Minute: statistics.Minute{At: part[0].At}}
		for _, p := range part {
			sum = sum.Plus(p)
		}
		rows = append(rows, moment{sum, failedOf(sum)})
	}
	return rows
}

func clock(t time.Time) string { return t.UTC().Format("15:04") }
