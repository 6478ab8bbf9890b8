package storetest

import (
	"errors"
	"log/slog"
	"strconv"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/bulk/imports"
	"vitrine.dev/internal/job"
)

func (i importing) worker() *imports.Worker {
	w := imports.NewWorker(i.s, i.files, decodeRow, silence{}, slog.New(slog.DiscardHandler))
	w.Observe = func(c imports.Counts) {
		if min(c.Read, c.Created, c.Updated, c.Unchanged, c.Failed, c.Superseded) < 0 {
			i.t.Errorf("an observer is told of %+v", c)
		}
		i.done.Read += c.Read
		i.done.Created += c.Created
		i.done.Updated += c.Updated
		i.done.Unchanged += c.Unchanged
		i.done.Failed += c.Failed
		i.done.Superseded += c.Superseded
	}
	return w
}

// wantObserved asserts that an observer was told of all rows, once each: of those of an external id as superseded, or
// before another was, as what they were then.
func (i importing) wantObserved() {
	i.t.Helper()
	got := i.get()
	if i.done.Read != got.Read || i.done.Failed != got.Failed || i.done.Superseded != got.Superseded ||
		i.done.Created+i.done.Updated+i.done.Unchanged+i.done.Failed+i.done.Superseded != got.Read {
		i.t.Errorf("an observer was told of %+v, and the import has %+v", *i.done, got.Counts)
	}
}

// run does steps until the import has ended, or naps, as a new process each time: what the one
// before had in memory is lost.
func (i importing) run() {
	i.t.Helper()
	for steps := 0; ; steps++ {
		if err := i.s.EndLeases(i.t.Context()); err != nil {
			i.t.Fatal(err)
		}
		holder := strconv.Itoa(steps)
		leased, err := i.s.LeaseJob(i.t.Context(), holder, 1<<40)
		if err != nil || leased.ID != i.id {
			i.t.Fatalf("leased %+v, %v", leased, err)
		}
		j, err := i.worker().Step(i.t.Context(), batch(leased, holder, 200))
		if errors.Is(err, job.ErrLater) || err == nil && j.State != job.Running {
			return
		}
		if err != nil || steps > 1000 {
			i.t.Fatalf("step %d: %+v, %v", steps, j, err)
		}
	}
}

func (i importing) get() imports.Import {
	i.t.Helper()
	got, err := i.service.Get(i.t.Context(), auth.Everyone(), i.id)
	if err != nil {
		i.t.Fatal(err)
	}
	return got
}

func (i importing) results() []imports.Result {
	i.t.Helper()
	list, err := i.service.Results(i.t.Context(), auth.Everyone(), i.id, 0, 1000)
	if err != nil {
		i.t.Fatal(err)
	}
	return list
}

func (i importing) want(state imports.State, c imports.Counts) {
	i.t.Helper()
	got := i.get()
	if got.State() != state || got.Counts != c {
		i.t.Errorf("the import is %s with %+v, want %s with %+v", got.State(), got.Counts, state, c)
	}
}
