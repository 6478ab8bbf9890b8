package chaos_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// hostLimit is FETCH_HOST_LIMIT.
const hostLimit = 4

// worked is when a picture was begun, or when an attempt at it ended, as the
// database noted it.
type worked struct {
	at    time.Time
	begun bool
}

// crowd is what a host saw at once.
type crowd struct {
	requests int
	most     int      // at once, of attempts that were going on
	over     int      // requests that outlived their attempt, or began after it
	wrong    []string // beyond the limit
}

// lateBound is within what time after its attempt a download ends, or after a fault
// that began in that time.
const lateBound = jobLease + 5*time.Second

// crowded counts the requests at a host that were under way at once. A download does
// not count from the moment on at which its attempt ended: a worker that is frozen or cut off
// until its lease is over goes on with it, and so does one whose product was deleted, until
// it notices. One that is late in its end, as the faults are, counts until that.
func crowded(requests []request, answered time.Time, attempts map[string][]worked, faults []span) (c crowd) {
	type edge struct {
		at   time.Time
		more int
		url  string
	}
	var edges []edge
	for _, r := range requests {
		c.requests++
		end, known := ended(attempts[r.url], r)
		switch {
		case !known:
			c.wrong = append(c.wrong, r.url+" was asked for and had not been begun")
			continue
		case outlived(r, end):
			c.over++
			if outlived(r, lateAfter(end, faults)) {
				end = r.to
			}
		default:
			end = r.to
		}
		if !end.IsZero() && !end.After(r.from) {
			continue
		}
		edges = append(edges, edge{r.from, 1, r.url})
		if !end.IsZero() {
			edges = append(edges, edge{end, -1, r.url})
		}
	}
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.more, b.more)) })
	now := 0
	for _, e := range edges {
		now += e.more
		c.most = max(c.most, now)
		limit := hostLimit
		if answered.IsZero() || e.at.Before(answered) {
			limit = 1
		}
		if e.more > 0 && now > limit {
			c.wrong = append(c.wrong, fmt.Sprintf("%s was number %d at its host at %s, the limit is %d", e.url, now, e.at.Format("15:04:05.000"), limit))
		}
	}
	return c
}

// outlived reports whether the request went on after the end of its attempt, if there was one.
func outlived(r request, end time.Time) bool {
	return !end.IsZero() && (r.to.IsZero() || end.Before(r.to))
}

// lateAfter returns from when on a download is late whose attempt ended then, zero if it did
// not. A process that is frozen notices nothing, so that it has until after the fault; but
// no fault after that one puts it off further.
func lateAfter(end time.Time, faults []span) time.Time {
	if end.IsZero() {
		return end
	}
	late := end.Add(lateBound)
	for _, f := range faults {
		if f.from.Before(end.Add(lateBound)) && f.to.After(end) {
			late = latest(late, f.to.Add(lateBound))
		}
	}
	return late
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// ended returns when the attempt ended that made the request, the last one begun before it;
// zero while it goes on. It is not known where none was.
func ended(attempts []worked, r request) (end time.Time, known bool) {
	for _, w := range attempts {
		switch {
		case w.begun && w.at.Before(r.from):
			end, known = time.Time{}, true
		case !w.begun && known && end.IsZero():
			end = w.at
		}
	}
	return end, known
}

// attempts reads from when to when each picture was worked on.
func attempts(sys *system) map[string][]worked {
	all := map[string][]worked{}
	sys.query(func(ctx context.Context, db *pgx.Conn) error {
		rows, err := db.Query(ctx, `SELECT url, at, begun FROM chaos_worked ORDER BY at`) //nolint:rowserrcheck // ForEachRow does
		if err != nil {
			return err
		}
		var url string
		var w worked
		_, err = pgx.ForEachRow(rows, []any{&url, &w.at, &w.begun}, func() error {
			all[url] = append(all[url], w)
			return nil
		})
		return err
	})
	return all
}

// checkHosts reports what the hosts saw at once.
func checkHosts(r *report, sys *system, src *source, faults []span) {
	worked := attempts(sys)
	var wrong []string
	over, asked, most := 0, map[string]int{}, map[string]int{}
	for how, hosts := range src.hosts {
		for _, h := range hosts {
			requests, answered := h.seen()
			c := crowded(requests, answered, worked, faults)
			most[how] = max(most[how], c.most)
			over += c.over
			asked[how] += c.requests
			wrong = append(wrong, c.wrong...)
		}
	}
	r.figure("requests at hosts", "%s; %d outlived their attempt", tally(asked), over)
	r.check(fmt.Sprintf("no host had more than %d requests at once, or one before it had answered", hostLimit), wrong, "at most %s", tally(most))
}
