package events_test

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
)

// fakeLog is a log in memory whose ids are drawn before they are committed, with
// the positions of its readers.
type fakeLog struct {
	mu        sync.Mutex
	last      int64
	list      []events.Event // committed, by id
	open      map[int64]bool // drawn, not committed
	barriers  []map[int64]bool
	removedTo int64
	readers   map[string]*lease
	down      bool
	calls     int
	wake      chan struct{}
}

type lease struct {
	position int64
	holder   string
	until    time.Time
}

func newFakeLog() *fakeLog {
	return &fakeLog{open: map[int64]bool{}, readers: map[string]*lease{}, wake: make(chan struct{}, 1)}
}

// add commits n events, and wakes.
func (f *fakeLog) add(n int) {
	for range n {
		f.commit(f.draw())
	}
}

func (f *fakeLog) draw() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last++
	f.open[f.last] = true
	return f.last
}

func (f *fakeLog) commit(id int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.open, id)
	i := len(f.list)
	for i > 0 && f.list[i-1].ID > id {
		i--
	}
	f.list = append(f.list[:i], append([]events.Event{{ID: id, Type: events.ProductUpdated, ProductID: id % 7, OccurredAt: time.Now()}}, f.list[i:]...)...)
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

func (f *fakeLog) rollback(id int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.open, id)
}

// cut removes what is up to the id.
func (f *fakeLog) cut(id int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.list) > 0 && f.list[0].ID <= id {
		f.list = f.list[1:]
	}
	f.removedTo = id
}

func (f *fakeLog) setDown(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

func (f *fakeLog) counted() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

func (f *fakeLog) position() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.readers[name].position
}

// enter begins a call: it counts, and fails while the database is down. The
// caller unlocks.
func (f *fakeLog) enter(ctx context.Context) error {
	f.mu.Lock()
	f.calls++
	if f.down {
		return fault.New(fault.Unavailable, "no database")
	}
	return context.Cause(ctx)
}

func (f *fakeLog) Mark(ctx context.Context, past int64) (events.Mark, error) {
	err := f.enter(ctx)
	defer f.mu.Unlock()
	if err != nil || f.last <= past {
		return events.Mark{To: f.last}, err
	}
	f.barriers = append(f.barriers, maps.Clone(f.open))
	return events.Mark{To: f.last, Barrier: int64(len(f.barriers))}, nil
}

func (f *fakeLog) Passed(ctx context.Context, m events.Mark) (bool, error) {
	err := f.enter(ctx)
	defer f.mu.Unlock()
	for id := range f.barriers[m.Barrier-1] {
		if f.open[id] {
			return false, err
		}
	}
	return err == nil, err
}

func (f *fakeLog) Holders(ctx context.Context, _ events.Mark) ([]events.Holder, error) {
	err := f.enter(ctx)
	defer f.mu.Unlock()
	return []events.Holder{{PID: 4711, Database: "shop"}, {GID: "orphan", Database: "shop"}}, err
}

func (f *fakeLog) Read(ctx context.Context, after, to int64, limit int) (events.Page, error) {
	err := f.enter(ctx)
	defer f.mu.Unlock()
	page := events.Page{RemovedTo: f.removedTo, Now: time.Now()}
	for _, e := range f.list {
		if e.ID > after && e.ID <= to && len(page.Events) < limit {
			page.Events = append(page.Events, e)
		}
	}
	return page, err
}

func (f *fakeLog) Wake(context.Context) <-chan struct{} { return f.wake }

func (f *fakeLog) LeaseReader(ctx context.Context, name, holder string, d time.Duration) (int64, error) {
	err := f.enter(ctx)
	defer f.mu.Unlock()
	if err != nil {
		return 0, err
	}
	r := f.readers[name]
	if r == nil {
		r = &lease{}
		f.readers[name] = r
	}
	if r.holder != holder && time.Now().Before(r.until) {
		return 0, fault.New(fault.Conflict, "held")
	}
	r.holder, r.until = holder, time.Now().Add(d)
	return r.position, nil
}

func (f *fakeLog) SaveReader(ctx context.Context, name, holder string, position int64, d time.Duration) error {
	err := f.enter(ctx)
	defer f.mu.Unlock()
	r := f.readers[name]
	switch {
	case err != nil:
		return err
	case r.holder != holder:
		return fault.New(fault.Conflict, "held")
	}
	r.position, r.until = position, time.Now().Add(d)
	return nil
}

func (f *fakeLog) ReleaseReader(ctx context.Context, name, holder string) error {
	err := f.enter(ctx)
	defer f.mu.Unlock()
	if r := f.readers[name]; err == nil && r.holder == holder {
		r.until = time.Time{}
	}
	return err
}

// journal is what handlers were given, and what was logged.
type journal struct {
	mu  sync.Mutex
	ids []int64
	at  []time.Time
	buf bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(p)
}

func (j *journal) note(page events.Page) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range page.Events {
		j.ids = append(j.ids, e.ID)
		j.at = append(j.at, time.Now())
	}
}

func (j *journal) seen() []int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]int64{}, j.ids...)
}

// logged returns how many lines have the text.
func (j *journal) logged(text string) (lines int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for line := range strings.Lines(j.buf.String()) {
		if strings.Contains(line, text) {
			lines++
		}
	}
	return lines
}

func (j *journal) logger() *slog.Logger { return slog.New(slog.NewTextHandler(j, nil)) }

// process is one that reads, within a bubble of fake time.
type process struct {
	stop  context.CancelFunc
	ended chan struct{}
}

func (p *process) end() { p.stop(); <-p.ended }

const name = "reader"

// start runs a reader of the log with the defaults, as changed.
func start(t *testing.T, log *fakeLog, j *journal, change func(*events.ReaderConfig), handle events.Handler) *process {
	t.Helper()
	cfg := events.DefaultReaderConfig()
	if change != nil {
		change(&cfg)
	}
	horizon := events.NewHorizon(log, events.DefaultHorizonConfig(), j.logger())
	reader := events.NewReader(name, horizon, log, handle, cfg, j.logger())
	ctx, stop := context.WithCancel(t.Context())
	p := &process{stop, make(chan struct{})}
	go func() {
		defer close(p.ended)
		if err := reader.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	return p
}

// all handles every event.
func (j *journal) all(_ context.Context, page events.Page) (int, error) {
	j.note(page)
	return len(page.Events), nil
}

// after lets the bubble's time pass.
func after(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func upTo(n int64) []int64 {
	list := make([]int64, n)
	for i := range list {
		list[i] = int64(i) + 1
	}
	return list
}
