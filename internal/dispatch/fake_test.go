package dispatch_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/processes"
)

// fakeStore keeps the rows of a test in memory, and the rules of dispatch.Store.
type fakeStore struct {
	mu    sync.Mutex
	rows  map[int64]*fakeRow
	down  bool
	steps int // also those that failed
	slots int // of the live workers
	wake  chan struct{}
}

type fakeRow struct {
	dispatch.Row

	due   time.Time
	until time.Time
	begun bool
	done  int
}

func newFakeStore() *fakeStore {
	return &fakeStore{rows: map[int64]*fakeRow{}, wake: make(chan struct{}, 1), slots: 1000}
}

// add commits n images, due after delay, and returns their ids.
func (s *fakeStore) add(n int, delay time.Duration) (ids []int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		id := int64(len(s.rows) + 1)
		s.rows[id] = &fakeRow{Row: dispatch.Row{ID: id, UserID: 1}, due: time.Now().Add(delay)}
		ids = append(ids, id)
	}
	return ids
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
	for _, r := range s.rows {
		if r.done == 0 && r.Stage == stage {
			n++
		}
	}
	return n
}

func (s *fakeStore) left() int {
	return s.count(media.Later) + s.count(media.InLine) + s.count(media.Out)
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
	if s.down || r.Stage != media.Out || r.Token != j.Token || r.begun {
		return false
	}
	r.begun = true
	return true
}

func (s *fakeStore) Slots(ctx context.Context, within time.Duration) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if within != processes.Gone {
		return 0, fmt.Errorf("a process is alive for %v", within)
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
	s.rows[j.ImageID].done++
}

func (s *fakeStore) DispatchStep(
	ctx context.Context, life time.Duration, decide func(dispatch.Window) []dispatch.Position,
) (step dispatch.Step, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps++
	if err := s.available(ctx); err != nil {
		return step, err
	}
	w := dispatch.Window{Last: map[int64]int64{}}
	for _, r := range s.rows {
		switch {
		case r.done > 0:
		case r.begun:
			w.Running++
		case r.Stage == media.InLine:
			w.Line = append(w.Line, r.Row)
		case r.Stage == media.Out && r.until.Before(time.Now()):
			w.Lost = append(w.Lost, r.Row)
		case r.Stage == media.Out:
			w.Waiting++
		case !r.due.After(time.Now()):
			w.Due = append(w.Due, r.Row)
		}
		if r.done == 0 && r.Stage != media.Later {
			w.Last[r.UserID] = max(w.Last[r.UserID], r.Rank)
		}
	}
	slices.SortFunc(w.Line, func(a, b dispatch.Row) int { return int(a.Rank - b.Rank) })
	left := len(w.Line) + len(w.Due) + len(w.Lost)
	for _, p := range decide(w) {
		r := s.rows[p.ID]
		if r.Stage, r.Rank = p.To, p.NewRank; p.To == media.InLine {
			continue
		}
		left--
		r.Token, r.until = r.Token+1, time.Now().Add(life)
		step.Jobs = append(step.Jobs, media.Job{ImageID: r.ID, ProductID: 1, Generation: 1, Token: r.Token})
		step.Last = max(step.Last, r.Rank)
	}
	step.Left = left > 0
	return step, nil
}

func (s *fakeStore) ReturnJobs(ctx context.Context, jobs []media.Job, delay time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.available(ctx); err != nil {
		return err
	}
	for _, j := range jobs {
		r := s.rows[j.ImageID]
		if r.Stage != media.Out || r.Token != j.Token || r.begun || r.done > 0 {
			continue
		}
		if r.Stage = media.InLine; delay > 0 {
			r.Stage, r.due = media.Later, time.Now().Add(delay)
		}
	}
	return nil
}

func (s *fakeStore) Wake(context.Context) <-chan struct{} { return s.wake }
