package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/processes"
)

// fakeStore keeps the rows of a test in memory, and the rules of dispatch.Store.
type fakeStore struct {
	mu     sync.Mutex
	rows   map[int64]*fakeRow
	stages map[media.Stage]map[int64]*fakeRow // those with work
	parked map[string]map[int64]*fakeRow      // the same, by host
	hosts  map[string]dispatch.Host
	down   bool
	steps  int // also those that failed
	slots  int // of the live workers
	wake   chan struct{}

	seen func(dispatch.Window) // nil, or called with what each decision sees
}

type fakeRow struct {
	dispatch.Row

	url  int64
	done int
}

func newFakeStore() *fakeStore {
	s := &fakeStore{
		rows: map[int64]*fakeRow{}, stages: map[media.Stage]map[int64]*fakeRow{}, parked: map[string]map[int64]*fakeRow{},
		hosts: map[string]dispatch.Host{"": {AnsweredAt: 1}}, wake: make(chan struct{}, 1), slots: 10_000,
	}
	for _, stage := range []media.Stage{media.Later, media.Parked, media.InLine, media.Out} {
		s.stages[stage] = map[int64]*fakeRow{}
	}
	return s
}

// move takes the row to the stage, or to no work where it is done.
func (s *fakeStore) move(r *fakeRow, to media.Stage) {
	delete(s.stages[r.Stage], r.ID)
	delete(s.parked[r.Host], r.ID)
	if len(s.parked[r.Host]) == 0 {
		delete(s.parked, r.Host)
	}
	r.Stage = to
	if r.done > 0 {
		return
	}
	s.stages[to][r.ID] = r
	if to == media.Parked {
		if s.parked[r.Host] == nil {
			s.parked[r.Host] = map[int64]*fakeRow{}
		}
		s.parked[r.Host][r.ID] = r
	}
}

// add commits n images, due after delay, and returns their ids.
func (s *fakeStore) add(n int, delay time.Duration) (ids []int64) {
	for range n {
		ids = append(ids, s.create(1, "", delay).ID)
	}
	return ids
}

// create commits an image of the user at the host, due after delay, and with a URL of its own.
func (s *fakeStore) create(user int64, host string, delay time.Duration) *fakeRow {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := int64(len(s.rows) + 1)
	r := &fakeRow{url: id, Row: dispatch.Row{ID: id, UserID: user, Host: host, DueAt: time.Now().Add(delay).UnixMilli()}}
	s.rows[id] = r
	s.move(r, media.Later)
	return r
}

// notify wakes the dispatchers, as a commit does.
func (s *fakeStore) notify() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *fakeStore) setDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// count returns how many rows are at the stage; those that are done are at none.
func (s *fakeStore) count(stage media.Stage) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.stages[stage])
}

func (s *fakeStore) left() int {
	return s.count(media.Later) + s.count(media.InLine) + s.count(media.Out) + s.count(media.Parked)
}

func (s *fakeStore) stepsTaken() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.steps
}

func (s *fakeStore) available(ctx context.Context) error {
	if s.down {
		return fault.New(fault.Unavailable, "no database")
	}
	return ctx.Err()
}

// begin begins the job, if it is out for this message.
func (s *fakeStore) begin(j media.Job) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rows[j.ImageID]
	if s.down || r.done > 0 || r.Stage != media.Out || r.Token != j.Token || r.Begun {
		return false
	}
	r.Begun = true
	return true
}

// report notes that the job's image is downloaded, and perhaps has no slot, if it is
// not done.
func (s *fakeStore) report(j media.Job, released bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.rows[j.ImageID]; r.done == 0 && r.Stage == media.Out && r.Token == j.Token {
		r.Fetched, r.Released = true, released
	}
}

func (s *fakeStore) Slots(ctx context.Context, within, lease time.Duration) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if within != processes.Gone || lease != dispatch.DefaultConfig().Lease {
		return 0, fmt.Errorf("a process is alive for %v, and its images for %v", within, lease)
	}
	return s.slots, s.available(ctx)
}

func (s *fakeStore) setSlots(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slots = n
}

func (s *fakeStore) finish(j media.Job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rows[j.ImageID]
	r.done++
	s.move(r, r.Stage)
}

// retry ends an attempt that failed: the image is due again after delay.
func (s *fakeStore) retry(j media.Job, delay time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rows[j.ImageID]
	r.Tried, r.Begun, r.Fetched, r.Released, r.DueAt = true, false, false, false, time.Now().Add(delay).UnixMilli()
	s.move(r, media.Later)
}

// observe records a fetch.
func (s *fakeStore) observe(f media.Fetch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hosts[f.Host] = dispatch.Observe(s.hosts[f.Host], time.Now().UnixMilli(), f)
}

func (s *fakeStore) DispatchStep(ctx context.Context, request dispatch.Request, p dispatch.Plan) (step dispatch.Step, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps++
	if err := s.available(ctx); err != nil {
		return step, err
	}
	// It looks before it writes, as SQLite does: the plan is asked twice.
	if d := p.Decide(s.window(request, p)); len(d.Positions) == 0 && len(d.Woken) == 0 {
		step.Left = s.waiting() > 0
		return step, nil
	}
	w := s.window(request, p)
	decision := p.Decide(w)
	if s.seen != nil {
		s.seen(w)
	}
	for _, host := range decision.Woken {
		h := s.hosts[host]
		h.OpenUntil = 0
		s.hosts[host] = h
	}
	for _, to := range decision.Positions {
		r := s.rows[to.ID]
		r.Rank, r.Class, r.Cost = to.NewRank, to.NewClass, to.NewCost
		if s.move(r, to.To); to.To != media.Out {
			continue
		}
		r.Token = max(r.Token+1, w.Now+request.Life.Milliseconds())
		step.Jobs = append(step.Jobs, media.Job{ImageID: r.ID, ProductID: 1, Generation: 1, Token: r.Token})
	}
	step.Left, step.More = s.waiting() > 0, w.More
	return step, nil
}

// waiting is how many are in line or due.
func (s *fakeStore) waiting() int {
	n := len(s.stages[media.InLine])
	for _, r := range s.stages[media.Later] {
		if r.DueAt <= time.Now().UnixMilli() {
			n++
		}
	}
	return n
}

func (s *fakeStore) ReturnJobs(ctx context.Context, jobs []media.Job, delay time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.available(ctx); err != nil {
		return err
	}
	for _, j := range jobs {
		r := s.rows[j.ImageID]
		if r.done > 0 || r.Stage != media.Out || r.Token != j.Token || r.Begun {
			continue
		}
		if delay > 0 {
			r.DueAt = time.Now().Add(delay).UnixMilli()
			s.move(r, media.Later)
			continue
		}
		s.move(r, media.InLine)
	}
	return nil
}

func (s *fakeStore) Wake(context.Context) <-chan struct{} { return s.wake }

// broker keeps what is published until a test takes it.
type broker struct {
	mu      sync.Mutex
	waiting []media.Job
	unknown bool // it cannot say how many wait
}

// queue is how a dispatcher sees it.
func (b *broker) queue(window int) *fakeQueue {
	return &fakeQueue{
		window: window,
		publish: func(_ context.Context, j media.Job) error {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.waiting = append(b.waiting, j)
			return nil
		},
		depth: func() (int, error) {
			b.mu.Lock()
			defer b.mu.Unlock()
			if b.unknown {
				return 0, errors.New("not there")
			}
			return len(b.waiting), nil
		},
	}
}
