package work

import (
	"fmt"
	"net/http"
	"time"

	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/statistics"
)

// queuePage is what the page Queue shows.
type queuePage struct {
	flow

	NextRetry time.Time // zero for none
	Turns     []turn
	Waits     []waits
	Hosts     []busy
}

// turn is where a user's pictures are in their line, and when they are expected to be done.
type turn struct {
	dispatch.Turn

	Contact bool
	Share   bar // from the first to the last of them, where the time is known
}

// waits is what a user has in work and waiting, in proportion to the one that has most.
type waits struct {
	dispatch.UserWork

	Share bar
}

// busy is a host that pictures wait for, or are fetched from.
type busy struct {
	host

	Use bar
}

func (p *Pages) queue(r *http.Request) (frame.Answer, error) {
	f, err := p.overview(r.Context())
	if err != nil {
		return frame.Answer{}, err
	}
	hosts, err := frame.Ask(r.Context(), p.Work.Busy)
	if err != nil {
		return frame.Answer{}, fmt.Errorf("look at the hosts of the queue: %w", err)
	}
	page := queuePage{flow: f, Turns: turnsOf(f.Overview)}
	for _, s := range f.Overview.States {
		if s.State == dispatch.StateLater {
			page.NextRetry = s.DueAt
		}
	}
	most := 0
	for _, u := range f.Users {
		most = max(most, u.InFlight+u.Waiting)
	}
	for _, u := range f.Users {
		page.Waits = append(page.Waits, waits{u, bar{
			Label: "In work and waiting",
			Parts: shares(most, part{Class: "work", Images: u.InFlight}, part{Class: "waiting", Images: u.Waiting}),
		}})
	}
	for _, v := range hosts {
		page.Hosts = append(page.Hosts, busy{hostOf(v, statistics.Fetches{}, dispatch.ParkedMost), bar{
			Label: fmt.Sprintf("%d of %d places in use", v.InFlight, v.Limit),
			Parts: shares(max(v.Limit, v.InFlight), part{Class: "work", Images: v.InFlight}),
		}})
	}
	return frame.Answer{Page: frame.Page{
		Title: "Queue", Nav: "queue", Name: "queue", Lead: "Users take turns: who has much waiting does not keep others waiting.", Data: page, Live: true, Often: true,
	}}, nil
}

// turnsOf draws when each user's pictures are expected to be done, from now until the last of all of them.
func turnsOf(o dispatch.Overview) []turn {
	longest := time.Duration(0)
	for _, t := range o.Turns {
		longest = max(longest, t.LastAt.Sub(o.At))
	}
	at := func(moment time.Time) int { return int(moment.Sub(o.At) * barWidth / max(longest, 1)) }
	var turns []turn
	for _, t := range o.Turns {
		shown := turn{Turn: t, Contact: t.Class == dispatch.Contact}
		if !t.FirstAt.IsZero() {
			from := min(at(t.FirstAt), barWidth-thinnest)
			shown.Share = bar{Label: "From the first to the last of them", Parts: []part{{Class: "waiting", From: from, Share: max(at(t.LastAt)-from, thinnest)}}}
		}
		turns = append(turns, shown)
	}
	return turns
}
