package chaos_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"vitrine.dev/internal/events"
)

// logged is an event as the database has it.
type logged struct {
	id       int64
	kind     events.Type
	product  int64
	user     int64
	revision int64
}

// follower is a program that reads the log of events from its beginning, at either API, breaks
// off again and again, and goes on behind the last event that it had.
type follower struct {
	*client

	name    string
	streams bool          // else it reads pages
	types   []events.Type // nil: all

	mu     sync.Mutex
	last   string // where it goes on
	seen   []logged
	breaks int      // answers that ended, or that it gave up
	wrong  []string // answers that should not have been
}

// followers are two of each kind, one of them of some types only.
func followers(sys *system, seed uint64, past *history) (list []*follower) {
	some := []events.Type{events.ProductDeleted, events.ImageReady}
	for n, f := range []*follower{
		{name: "pages"}, {name: "pages of some types", types: some}, {name: "stream", streams: true}, {name: "stream of some types", streams: true, types: some},
	} {
		f.client = &client{sys: sys, past: past, rng: rand.New(rand.NewPCG(seed, uint64(1000+n))), http: newHTTPClient()}
		f.last = "oldest"
		list = append(list, f)
	}
	return list
}

// run follows until ctx ends.
func (f *follower) run(ctx context.Context) {
	defer f.http.CloseIdleConnections()
	for pause(ctx, time.Duration(f.rng.Int64N(int64(400*time.Millisecond)))) {
		if f.streams {
			f.stream(ctx)
		} else {
			f.page(ctx)
		}
	}
}

func (f *follower) path() string {
	q := url.Values{"after": {f.position()}}
	var types []string
	for _, t := range f.types {
		types = append(types, string(t))
	}
	if types != nil {
		q.Set("types", strings.Join(types, ","))
	}
	return "/events?" + q.Encode()
}

func (f *follower) page(ctx context.Context) {
	e := event{op: "events"}
	a := f.ask(ctx, &e, f.anyAPI(), http.MethodGet, f.path()+"&limit=1000", map[string]string{"Prefer": "wait=2"}, nil)
	f.past.add(e)
	var page struct {
		Data []events.Public `json:"data"`
		Next string          `json:"next_cursor"`
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case a.status == 0 || a.status == http.StatusServiceUnavailable:
		f.breaks++
		return
	case a.status != http.StatusOK || json.Unmarshal(a.body, &page) != nil:
		f.wrong = append(f.wrong, fmt.Sprintf("%s behind %s: %d %.300s", f.name, f.last, a.status, a.body))
		return
	}
	for _, p := range page.Data {
		f.take(p)
	}
	f.last = page.Next
}

// stream reads one for a while.
func (f *follower) stream(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 200*time.Millisecond+time.Duration(f.rng.Int64N(int64(8*time.Second))))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.sys.url(f.anyAPI())+f.path(), http.NoBody)
	if err != nil {
		return
	}
	req.Header.Set("Accept", "text/event-stream")
	if last := f.position(); last != "oldest" {
		req.Header.Set("Last-Event-ID", last)
	}
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.breaks++
	}()
	resp, err := f.http.Do(req)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		f.refused(resp)
		return
	}
	f.messages(bufio.NewScanner(resp.Body))
}

func (f *follower) refused(resp *http.Response) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if resp.StatusCode != http.StatusServiceUnavailable {
		f.wrong = append(f.wrong, fmt.Sprintf("%s behind %s: %s", f.name, f.last, resp.Status))
	}
}

// messages takes server-sent events, each once it is complete: with the empty line that ends it.
func (f *follower) messages(lines *bufio.Scanner) {
	var id, data string
	for lines.Scan() {
		if lines.Text() == "" {
			f.message(id, data)
			id, data = "", ""
			continue
		}
		switch name, value, _ := strings.Cut(lines.Text(), ": "); name {
		case "id":
			id = value
		case "data":
			data = value
		}
	}
}

func (f *follower) message(id, data string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if data != "" {
		var p events.Public
		if err := json.Unmarshal([]byte(data), &p); err != nil || p.ID != id {
			f.wrong = append(f.wrong, fmt.Sprintf("%s has the message %s with the id %s: %v", f.name, data, id, err))
			return
		}
		f.take(p)
	}
	if id != "" {
		f.last = id
	}
}

func (f *follower) take(p events.Public) {
	id, err := events.ParsePublicID(p.ID)
	if err != nil {
		f.wrong = append(f.wrong, fmt.Sprintf("%s: %q %v", f.name, p.ID, err))
		return
	}
	l := logged{id: id.Position, kind: p.Type, product: p.ProductID, user: p.UserID}
	if p.Product != nil {
		l.revision = p.Product.Revision
	}
	f.seen = append(f.seen, l)
}

func (f *follower) position() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

// has reports whether it has come to the event.
func (f *follower) has(id int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.seen) > 0 && f.seen[len(f.seen)-1].id >= id
}

// wants reports whether events of the type are meant for it.
func (f *follower) wants(t events.Type) bool { return f.types == nil || slices.Contains(f.types, t) }

// readLog reads the whole log of events that clients may see.
func readLog(sys *system) (all []logged) {
	var types []string
	for _, t := range events.Types() {
		types = append(types, string(t))
	}
	sys.query(func(ctx context.Context, db *pgx.Conn) error {
		rows, err := db.Query(ctx, `SELECT id, type, product_id, user_id, revision FROM events WHERE type = ANY($1) ORDER BY id`, types) //nolint:rowserrcheck // ForEachRow does
		if err != nil {
			return err
		}
		var l logged
		_, err = pgx.ForEachRow(rows, []any{&l.id, &l.kind, &l.product, &l.user, &l.revision}, func() error {
			if l.product == 0 {
				l.revision = 0 // clients see none
			}
			all = append(all, l)
			return nil
		})
		return err
	})
	return all
}

// checkFollowed compares what was read of the log with the log: nothing is missing, repeated or
// in another order, and the revisions of each product never fall.
func checkFollowed(name string, seen, log []logged) (wrong []string) {
	revisions := map[int64]int64{}
	next := 0
	for _, s := range seen {
		if s.product != 0 && s.revision < revisions[s.product] {
			wrong = append(wrong, fmt.Sprintf("%s: event %d has revision %d of product %d after revision %d", name, s.id, s.revision, s.product, revisions[s.product]))
		}
		revisions[s.product] = s.revision
		at := next
		for at < len(log) && log[at].id < s.id {
			at++
		}
		switch {
		case at == len(log) || log[at].id != s.id:
			wrong = append(wrong, fmt.Sprintf("%s: event %d was read again, or is none", name, s.id))
			continue
		case at > next:
			wrong = append(wrong, fmt.Sprintf("%s: %d events are missing before event %d, the first is %d", name, at-next, s.id, log[next].id))
		}
		if log[at] != s {
			wrong = append(wrong, fmt.Sprintf("%s: event %d was read as %+v, not %+v", name, s.id, s, log[at]))
		}
		next = at + 1
	}
	if next < len(log) {
		wrong = append(wrong, fmt.Sprintf("%s: %d events are missing at the end, the first is %d", name, len(log)-next, log[next].id))
	}
	return wrong
}

// followedBound is how long after all work has ended each follower may take to the end of the log.
const followedBound = time.Minute

// checkFollowers waits until each has come to the end of the log, and reports what they read.
func checkFollowers(r *report, sys *system, list []*follower) {
	log := readLog(sys)
	began := time.Now()
	var wrong []string
	read, breaks := map[string]int{}, map[string]int{}
	for _, f := range list {
		var meant []logged
		for _, l := range log {
			if f.wants(l.kind) {
				meant = append(meant, l)
			}
		}
		for len(meant) > 0 && !f.has(meant[len(meant)-1].id) && time.Since(began) < followedBound && pause(sys.t.Context(), 50*time.Millisecond) {
			continue
		}
		f.mu.Lock()
		read[f.name], breaks[f.name] = len(f.seen), f.breaks
		wrong = append(wrong, f.wrong...)
		wrong = append(wrong, checkFollowed(f.name, f.seen, meant)...)
		f.mu.Unlock()
	}
	r.check("readers that break off and go on have every event once, in order", wrong, "%d events; read %s; broken off %s", len(log), tally(read), tally(breaks))
}
