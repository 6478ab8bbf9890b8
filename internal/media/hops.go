package media

import (
	"strings"

	"vitrine.dev/internal/events"
)

// keepHops keeps, with the step that has just ended, where its download was redirected to: of most there is
// nothing to keep.
func (a *attempt) keepHops(answer Answer) {
	if answer.Redirects == 0 {
		return
	}
	a.claim.Work.Steps[len(a.claim.Work.Steps)-1].Hops = hopsOf(answer.Hops, SourceHost(a.claim.SourceURL))
}

// hopsOf returns the first requests of a download whose first one was to the host, within the bounds of
// what is kept.
func hopsOf(made []Hop, host string) (kept []events.Hop) {
	for _, h := range made[:min(len(made), events.MaxHops)] {
		hop := events.Hop{Status: h.Status, TookMS: h.Took.Milliseconds()}
		if h.Host != host {
			hop.Host, host = thinHost(h.Host), h.Host
		}
		kept = append(kept, hop)
	}
	return kept
}

// thinHost returns the end of a host's name, by which one knows whose it is, in characters that hosts have:
// what stood in another server's answer may have any.
func thinHost(host string) string {
	host = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("-._:[]", r) {
			return r
		}
		return '?'
	}, host)
	return host[max(0, len(host)-events.MaxHostBytes):]
}
