package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"vitrine.dev/internal/httpapi/wire"
)

// deliveredBound is for how long a receiver that is back may be sent nothing of what it lacks: a
// process that delivers may have just died, and its lease is 30 seconds.
const deliveredBound = 2 * time.Minute

// checkReceivers has receivers come back, waits until each has what is meant for it, and reports
// that and what they know of products. What waits for a later attempt, up to a day, is asked for.
func checkReceivers(r *report, sys *system, c *client, list []*receiver) {
	log, took := readLog(sys), time.Duration(0)
	var missing, wrong, other []string
	answers, events, products, asked := map[string]int{}, 0, 0, 0
	for _, rc := range list {
		var meant []logged
		for _, l := range log {
			if l.user == rc.user && rc.wants(l.kind) {
				meant = append(meant, l)
			}
		}
		began := time.Now()
		asked += rc.await(c, meant)
		took += time.Since(began)
		missing = append(missing, rc.lacks(meant)...)
		var want map[int64]known
		if rc.complete() {
			want = ofUser(meant, readRevisions(c, meant))
		}
		rc.mu.Lock()
		for how, n := range rc.answers {
			answers[how] += n
		}
		events += len(meant)
		wrong = append(wrong, rc.wrong...)
		if want != nil {
			products += len(rc.products)
			other = append(other, sameProducts(rc.user, rc.products, want)...)
		}
		rc.mu.Unlock()
	}
	r.check("every event reached each endpoint that it was meant for", missing, "%d events, the last %s after the rest was checked; %d were asked for before their time; a receiver %s",
		events, round(took), asked, tally(answers))
	r.check("webhooks are signed, and a repeated one is the same", wrong, "")
	r.check("a receiver that keeps the highest revision ends equal to the API", other, "%d products", products)
}

// await waits until nothing is lacking, or nothing has come for too long, and returns how many events
// were asked for that wait for a later attempt.
func (rc *receiver) await(c *client, meant []logged) (asked int) {
	ctx, least, came := c.sys.t.Context(), len(meant)+1, time.Now()
	for lacking := rc.lacks(meant); len(lacking) > 0 && time.Since(came) < deliveredBound; lacking = rc.lacks(meant) {
		asked += rc.askAgain(c)
		if len(lacking) < least {
			least, came = len(lacking), time.Now()
		}
		if !pause(ctx, 500*time.Millisecond) {
			return asked
		}
	}
	if len(rc.lacks(meant)) > 0 {
		rc.explain(c, meant)
	}
	return asked
}

// explain logs what the database has of a webhook that lacks events, and of these.
func (rc *receiver) explain(c *client, meant []logged) {
	var missing []int64
	for _, l := range meant {
		if !rc.took(l.id) {
			missing = append(missing, l.id)
		}
	}
	c.sys.query(func(ctx context.Context, db *pgx.Conn) error {
		rows, err := db.Query(ctx, `
			SELECT format('position %s, outstanding %s, failures %s, paused until %s, now %s', position, outstanding, failures, paused_until,
				(extract(epoch FROM now()) * 1000)::BIGINT) FROM webhooks WHERE id = $1
			UNION ALL SELECT format('event %s: %s, %s attempts, status %s %s, next at %s', event_id, state, attempts, http_status, failure, next_at)
				FROM webhook_deliveries WHERE webhook_id = $1 AND event_id = ANY($2)`, rc.id, missing)
		if err != nil {
			return err
		}
		all, err := pgx.CollectRows(rows, pgx.RowTo[string])
		c.sys.t.Logf("webhook %d (%s) lacks %d of %d events: %v\n%s", rc.id, rc.how, len(missing), len(meant), missing, strings.Join(all, "\n"))
		return err
	})
}

func (rc *receiver) took(id int64) bool {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	return rc.taken[id]
}

// lacks returns events that were not taken.
func (rc *receiver) lacks(meant []logged) (missing []string) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	for _, l := range meant {
		if !rc.taken[l.id] {
			missing = append(missing, fmt.Sprintf("webhook %d (%s) of user %d was not delivered event %d, %s of product %d", rc.id, rc.how, rc.user, l.id, l.kind, l.product))
		}
	}
	return missing
}

// askAgain has what waits for its next attempt, or has had its last, be tried at once.
func (rc *receiver) askAgain(c *client) (asked int) {
	ctx := c.sys.t.Context()
	base := "/webhooks/" + strconv.FormatInt(rc.id, 10) + "/deliveries"
	for _, state := range []string{"waiting", "failed"} {
		a := c.ask(ctx, &event{}, c.anyAPI(), http.MethodGet, base+"?limit=100&state="+state, nil, nil)
		var page wire.Page[wire.Delivery]
		if a.status != http.StatusOK || json.Unmarshal(a.body, &page) != nil {
			continue
		}
		for _, d := range page.Data {
			if d.NextAt != nil && time.Until(*d.NextAt) < time.Second { // it is about to be tried
				continue
			}
			path := base + "/" + strconv.FormatInt(d.ID, 10) + "/redeliver"
			if c.ask(ctx, &event{}, c.anyAPI(), http.MethodPost, path, nil, nil).status == http.StatusAccepted {
				asked++
			}
		}
	}
	return asked
}

// ofUser returns what is to be known of all products of a log: what the API says of those that
// are there; those that are gone are deleted, at the revision that the log says.
func ofUser(log []logged, state map[int64]known) map[int64]known {
	all := map[int64]known{}
	for _, l := range log {
		if l.product == 0 {
			continue
		}
		if now, there := state[l.product]; there {
			all[l.product] = now
		} else {
			all[l.product] = known{max(all[l.product].revision, l.revision), true}
		}
	}
	return all
}

func sameProducts(user int64, has, want map[int64]known) (wrong []string) {
	if maps.Equal(has, want) {
		return nil
	}
	for id, w := range want {
		if has[id] != w {
			wrong = append(wrong, fmt.Sprintf("the receiver of user %d knows product %d as %+v, the API as %+v", user, id, has[id], w))
		}
	}
	for id := range has {
		if _, there := want[id]; !there {
			wrong = append(wrong, fmt.Sprintf("the receiver of user %d knows product %d, which never was", user, id))
		}
	}
	return wrong
}

// readRevisions asks the API for every product that the log has: those that answer 404 are not
// in what it returns.
func readRevisions(c *client, log []logged) map[int64]known {
	all, asked := map[int64]known{}, map[int64]bool{}
	for _, l := range log {
		if l.product == 0 || asked[l.product] {
			continue
		}
		asked[l.product] = true
		a := c.ask(c.sys.t.Context(), &event{}, c.anyAPI(), http.MethodGet, "/products/"+strconv.FormatInt(l.product, 10), nil, nil)
		switch a.status {
		case http.StatusOK:
			all[l.product] = known{revision: revision(a)}
		case http.StatusNotFound:
		default:
			c.sys.t.Errorf("product %d answers %d", l.product, a.status)
		}
	}
	return all
}
