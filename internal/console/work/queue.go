package work

import (
	"net/http"

	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/dispatch"
)

// queuePage is what the page Queue shows.
type queuePage struct {
	flow

	Waits []waits
}

// waits is what a user has in work and waiting, in proportion to the one that has most.
type waits struct {
	dispatch.UserWork

	Share bar
}

func (p *Pages) queue(r *http.Request) (frame.Answer, error) {
	f, err := p.overview(r.Context())
	if err != nil {
		return frame.Answer{}, err
	}
	page := queuePage{flow: f}
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
	return frame.Answer{Page: frame.Page{
		Title: "Queue", Nav: "queue", Name: "queue", Lead: "Users take turns: who has much waiting does not keep others waiting.", Data: page, Live: true, Often: true,
	}}, nil
}
