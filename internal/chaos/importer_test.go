package chaos_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"vitrine.dev/internal/httpapi/wire"
)

// Users who import files, and do nothing else.
const (
	importers  = 2
	importUser = users + 3 // the first
)

// importPause is how long one waits between two files, on the average.
const importPause = 6 * time.Second

// importer is a back end that imports files, one after the other.
type importer struct {
	*client

	files   []*file
	earlier []string // external ids of files before, none of which is of unknown outcome
}

func newImporters(sys *system, seed uint64, m *maker, past *history) (list []*importer) {
	for n := range importers {
		list = append(list, &importer{client: &client{
			sys: sys, user: int64(importUser + n), make: m, past: past, rng: rand.New(rand.NewPCG(seed, uint64(3000+n))), http: newHTTPClient(),
		}})
	}
	return list
}

// run imports files until ctx ends. None is paused when it returns.
func (im *importer) run(ctx context.Context) {
	defer im.http.CloseIdleConnections()
	for pause(ctx, time.Duration(im.rng.Int64N(int64(2*importPause)))) {
		im.next(ctx)
	}
}

func (im *importer) next(ctx context.Context) {
	whole := context.WithoutCancel(ctx) // who gives up in the middle would not know what it did
	f := im.make.fileOf(im.rng, im.user, im.earlier)
	im.files = append(im.files, f)
	e := event{op: "import"}
	a := im.ask(whole, &e, im.anyAPI(), http.MethodPost, f.path(), map[string]string{"Content-Type": f.contentType()}, f.body)
	var made wire.Import
	switch {
	case a.status == http.StatusAccepted && json.Unmarshal(a.body, &made) == nil && made.SHA256 == f.sha256:
		f.id = made.ID
	case a.status == http.StatusServiceUnavailable, a.status == 0:
		// It may have begun, or begin yet. What it changes is not touched again.
		im.earlier = nil
	default:
		e.leftover = "an import answered " + strconv.Itoa(a.status) + " " + string(a.body)
	}
	im.past.add(e)
	if f.id == 0 {
		return
	}
	im.follow(ctx, f)
	for _, r := range f.rows {
		if r.external != "" {
			im.earlier = append(im.earlier, r.external)
		}
	}
}

// follow looks at the import until it has ended, or ctx has, or its rows have and it is not to be
// waited for. Meanwhile it pauses and resumes it, or cancels it, or leaves it alone.
func (im *importer) follow(ctx context.Context, f *file) {
	whole := context.WithoutCancel(ctx)
	plan, after := im.rng.IntN(10), time.Duration(im.rng.Int64N(int64(3*time.Second)))
	pausing := false
	for began := time.Now(); pause(whole, 300*time.Millisecond); {
		now, ok := im.look(whole, f)
		switch {
		case ok && (isFinal(now.State) || now.State == "images" && plan > 4 && !pausing):
			return
		case pausing || ok && now.State == "paused": // also where a request to pause it came late
			pausing = !im.act(whole, f, "resume")
		case ctx.Err() != nil:
			return
		case time.Since(began) < after:
		case plan < 3:
			pausing, plan = true, 9
			im.act(whole, f, "pause")
			pause(ctx, time.Duration(im.rng.Int64N(int64(3*time.Second))))
		case plan == 3:
			f.cancelled, plan = true, 9
			im.act(whole, f, "cancel")
		case plan == 4:
			f.cancelled, f.imagesCancelled, plan = true, true, 9
			im.act(whole, f, "cancel?images=true")
		}
	}
}

func isFinal(state string) bool {
	switch state {
	case "completed", "completed_with_errors", "failed", "cancelled":
		return true
	}
	return false
}

func (im *importer) look(ctx context.Context, f *file) (now wire.Import, ok bool) {
	e := event{op: "look at an import"}
	a := im.ask(ctx, &e, im.anyAPI(), http.MethodGet, "/imports/"+strconv.FormatInt(f.id, 10), nil, nil)
	ok = a.status == http.StatusOK && json.Unmarshal(a.body, &now) == nil
	if a.status/100 == 4 {
		e.leftover = "an import is answered " + strconv.Itoa(a.status)
	}
	im.past.add(e)
	return now, ok
}

// act has an import paused, resumed or cancelled, and reports whether that was answered.
func (im *importer) act(ctx context.Context, f *file, what string) bool {
	e := event{op: "change of an import"}
	a := im.ask(ctx, &e, im.anyAPI(), http.MethodPost, "/imports/"+strconv.FormatInt(f.id, 10)+"/"+what, nil, nil)
	answered := a.status == http.StatusOK || a.status == http.StatusConflict // it has ended
	if a.status/100 == 4 && !answered {
		e.leftover = what + " of an import is answered " + strconv.Itoa(a.status)
	}
	im.past.add(e)
	return answered
}
