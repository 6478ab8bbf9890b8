package work

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
)

// failedShown is how many failures a page has, and the pivot how many columns and rows.
const (
	failedShown = 50
	pivotWide   = 6
	pivotHigh   = 12
)

// failedPage is what the page Failed shows.
type failedPage struct {
	failures.Summary

	Filter failures.Filter
	Chips  []chip // what is filtered by, each with the address without it
	Pivot  pivot
	Items  []failures.Item
	Next   string
	// Where it is asked whether to retry, or to discard, all of them.
	Retry, Discard string
}

// chip is a part of a filter, or a choice, and where it leads.
type chip struct {
	Text, Href string
	Here       bool
}

// pivot is counts by host and reason.
type pivot struct {
	Reasons []column
	Hosts   []line
}

type column struct {
	fault.Reason
	Href string
}

type line struct {
	Host, Href string
	Cells      []cell
	Total      int
}

// cell is one count; its heat is from 1 to 4, by its part of the largest.
type cell struct {
	Count, Heat int
	Href        string
}

// filterOf reads the filter of the address.
func filterOf(q url.Values) failures.Filter {
	f := failures.Filter{Reason: fault.Reason(q.Get("reason")), Host: q.Get("host")}
	f.UserID, _ = strconv.ParseInt(q.Get("user"), 10, 64)
	f.ProductID, _ = strconv.ParseInt(q.Get("product"), 10, 64)
	if at, err := time.Parse(time.RFC3339, q.Get("since")); err == nil {
		f.FailedAfter = at
	}
	if at, err := time.Parse(time.RFC3339, q.Get("until")); err == nil {
		f.FailedBefore = at
	}
	return f
}

// queryOf is the address's part that filterOf reads.
func queryOf(f failures.Filter) url.Values {
	q := url.Values{}
	set := func(name, value string) {
		if value != "" && value != "0" {
			q.Set(name, value)
		}
	}
	set("reason", string(f.Reason))
	set("host", f.Host)
	set("user", strconv.FormatInt(f.UserID, 10))
	set("product", strconv.FormatInt(f.ProductID, 10))
	if !f.FailedAfter.IsZero() {
		set("since", f.FailedAfter.UTC().Format(time.RFC3339))
	}
	if !f.FailedBefore.IsZero() {
		set("until", f.FailedBefore.UTC().Format(time.RFC3339))
	}
	return q
}

// failedPath is the address of the failures of a filter.
func failedPath(f failures.Filter) string {
	if q := queryOf(f).Encode(); q != "" {
		return frame.Path + "/failed?" + q
	}
	return frame.Path + "/failed"
}

// confirmPath is the address where it is asked whether to do something about all that the filter selects.
func confirmPath(f failures.Filter, a failures.Action) string {
	q := queryOf(f)
	q.Set("action", string(a))
	return frame.Path + "/failed/confirm?" + q.Encode()
}

// chipsOf are the parts of the filter.
func chipsOf(f failures.Filter) []chip {
	var chips []chip
	add := func(set bool, text string, without func(*failures.Filter)) {
		if set {
			rest := f
			without(&rest)
			chips = append(chips, chip{Text: text, Href: failedPath(rest)})
		}
	}
	add(f.Reason != "", frame.ReasonWords(f.Reason), func(f *failures.Filter) { f.Reason = "" })
	add(f.Host != "", f.Host, func(f *failures.Filter) { f.Host = "" })
	add(f.UserID != 0, "User "+strconv.FormatInt(f.UserID, 10), func(f *failures.Filter) { f.UserID = 0 })
	add(f.ProductID != 0, "Product "+strconv.FormatInt(f.ProductID, 10), func(f *failures.Filter) { f.ProductID = 0 })
	add(!f.FailedAfter.IsZero(), "Since "+f.FailedAfter.UTC().Format("2 Jan 15:04 UTC"), func(f *failures.Filter) { f.FailedAfter = time.Time{} })
	add(!f.FailedBefore.IsZero(), "Until "+f.FailedBefore.UTC().Format("2 Jan 15:04 UTC"), func(f *failures.Filter) { f.FailedBefore = time.Time{} })
	return chips
}

// pivotOf arranges the counts: those with most first, as far as there is room.
func pivotOf(s failures.Summary, f failures.Filter) pivot {
	var p pivot
	for _, r := range s.Reasons[:min(len(s.Reasons), pivotWide)] {
		of := f
		of.Reason = r.Reason
		p.Reasons = append(p.Reasons, column{r.Reason, failedPath(of)})
	}
	most := 1
	for _, h := range s.Hosts[:min(len(s.Hosts), pivotHigh)] {
		for _, r := range h.Reasons {
			most = max(most, r.Count)
		}
	}
	const heats = 4
	for _, h := range s.Hosts[:min(len(s.Hosts), pivotHigh)] {
		of := f
		of.Host = h.Host
		l := line{Host: h.Host, Href: failedPath(of), Total: h.Count}
		for _, c := range p.Reasons {
			at := cell{}
			for _, r := range h.Reasons {
				if r.Reason == c.Reason {
					of.Reason = c.Reason
					at = cell{Count: r.Count, Heat: max(1, r.Count*heats/most), Href: failedPath(of)}
				}
			}
			l.Cells = append(l.Cells, at)
		}
		p.Hosts = append(p.Hosts, l)
	}
	return p
}

// positionOf reads where a page begins; nil for the beginning.
func positionOf(text string) *failures.Position {
	ms, id, found := strings.Cut(text, ".")
	at, err := strconv.ParseInt(ms, 10, 64)
	item, ok := failures.ParseID(id)
	if !found || err != nil || !ok {
		return nil
	}
	return &failures.Position{At: time.UnixMilli(at), ID: item}
}

func (p *Pages) failed(r *http.Request) (frame.Answer, error) {
	by, q := auth.From(r.Context()), r.URL.Query()
	page := failedPage{Filter: filterOf(q)}
	var err error
	page.Summary, err = frame.Ask(r.Context(), func(ctx context.Context) (failures.Summary, error) {
		return p.Failures.Summary(ctx, by, page.Filter)
	})
	if err != nil {
		return frame.Answer{}, fmt.Errorf("count failures: %w", err)
	}
	found, err := frame.Ask(r.Context(), func(ctx context.Context) (failures.Page, error) {
		return p.Failures.List(ctx, by, page.Filter, positionOf(q.Get("after")), failedShown)
	})
	if err != nil {
		return frame.Answer{}, fmt.Errorf("list failures: %w", err)
	}
	page.Items, page.Chips, page.Pivot = found.Items, chipsOf(page.Filter), pivotOf(page.Summary, page.Filter)
	page.Retry, page.Discard = confirmPath(page.Filter, failures.Replay), confirmPath(page.Filter, failures.Discard)
	if found.Next != nil {
		next := queryOf(page.Filter)
		next.Set("after", fmt.Sprintf("%d.%s", found.Next.At.UnixMilli(), found.Next.ID))
		page.Next = frame.Path + "/failed?" + next.Encode()
	}
	lead := "Pictures that are not tried again by themselves, newest first."
	if page.Count > 0 {
		lead = fmt.Sprintf("%s failed, the last %s.", picturesOf(page.Count, page.More), frame.Ago(page.NewestAt, time.Now()))
	}
	return frame.Answer{Page: frame.Page{Title: "Failed", Nav: "failed", Name: "failed", Lead: lead, Data: page, Live: true}}, nil
}

// picturesOf is "3 pictures have".
func picturesOf(n int, more bool) string {
	switch {
	case more:
		return frame.UpTo(n, true) + " pictures have"
	case n == 1:
		return "1 picture has"
	default:
		return frame.Number(n) + " pictures have"
	}
}
