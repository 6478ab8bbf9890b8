package job_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/filtered"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/logtest"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/refresh"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/tracing"
)

func openStore(t *testing.T) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "test.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// unread fills the list with n messages.
func unread(t *testing.T, s *sqlstore.Store, n int) {
	t.Helper()
	for i := range n {
		err := s.KeepUnreadable(t.Context(), media.Unreadable{MessageID: "m", Body: []byte("x"), Bytes: 1, Digest: strconv.Itoa(i)})
		if err != nil {
			t.Fatal(err)
		}
	}
}

type announcer struct {
	mu   sync.Mutex
	seen []catalog.Changed
}

func (a *announcer) Announce(_ context.Context, changed ...catalog.Changed) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen = append(a.seen, changed...)
}

func config() job.RunnerConfig {
	cfg := job.DefaultRunnerConfig()
	cfg.Poll = 10 * time.Millisecond
	return cfg
}

// run runs a runner until the returned stop is called.
func run(t *testing.T, s *sqlstore.Store, cfg job.RunnerConfig) (r *job.Runner, stop func()) {
	t.Helper()
	r = job.NewRunner(s, failures.JobKinds(s, &announcer{}), cfg, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return r, stop
}

func order(t *testing.T, s *sqlstore.Store, o failures.Request, wake func()) failures.Job {
	t.Helper()
	out, err := failures.NewService(s, s, &announcer{}, wake).Apply(t.Context(), auth.Everyone(), o)
	if err != nil || out.Job == nil {
		t.Fatalf("outcome %+v, %v", out, err)
	}
	return *out.Job
}

// reach polls until the job has come so far.
func reach(t *testing.T, s job.Store, id int64, what string, far func(job.Job) bool) job.Job {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		j, err := s.Job(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		if far(j) {
			return j
		}
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain until %s: %+v", what, j)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func ended(j job.Job) bool { return j.State != job.Running }

func everything(rate int64) failures.Request {
	return failures.Request{Action: failures.Discard, Request: filtered.Request[failures.Filter]{All: true, Rate: rate}}
}

func TestRunnerKeepsTheRate(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	unread(t, s, 60)
	cfg := config()
	cfg.Poll = time.Hour // woken, not found
	r, _ := run(t, s, cfg)
	began := time.Now()
	made := order(t, s, everything(50), r.Wake)
	got := reach(t, s, made.ID, "the job ended", ended)
	if took := time.Since(began); got.Done != 60 || took < time.Second {
		t.Errorf("60 items at 50 a second: %d took %s", got.Done, took)
	}
}

// TestSlowJobsHoldUpNoOther: jobs whose rate makes them last take turns where a process works on one
// at a time, and go on where they were.
func TestSlowJobsHoldUpNoOther(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	unread(t, s, 1000)
	cfg := config()
	cfg.Jobs, cfg.Turn = 1, 20*time.Millisecond
	slow := []failures.Job{order(t, s, everything(5), func() {}), order(t, s, everything(5), func() {}), order(t, s, everything(5), func() {})}
	run(t, s, cfg)
	for _, j := range slow {
		reach(t, s, j.ID, "it has had two turns", func(j job.Job) bool { return j.Done >= 2 })
	}
}

// TestRunnersHandOver stops a process in the middle of a job, and kills
// another: the next one finishes it, each item done once.
// TestStepsAreInTheTraceOfTheRequest: what a job asks for is linked with the request that made it.
func TestStepsAreInTheTraceOfTheRequest(t *testing.T) {
	t.Parallel()
	const sent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	s, got := openStore(t), make(chan string, 1)
	kinds := map[string]job.Kind{refresh.KindRefresh: {Step: func(ctx context.Context, _ job.Batch) (job.Job, error) {
		got <- tracing.Traceparent(ctx)
		return job.Job{State: job.Done}, nil
	}}}
	if _, err := s.CreateJob(tracing.With(t.Context(), sent), job.Job{Kind: refresh.KindRefresh, Input: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = job.NewRunner(s, kinds, config(), slog.New(slog.DiscardHandler)).Run(ctx) })
	if traceparent := <-got; traceparent != sent {
		t.Errorf("the step is in %q, want %q", traceparent, sent)
	}
	cancel()
	running.Wait()
}

func TestRunnersHandOver(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	unread(t, s, 100)
	made := order(t, s, everything(200), func() {})
	_, stop := run(t, s, config())
	reach(t, s, made.ID, "the first has begun", func(j job.Job) bool { return j.Done > 0 })
	stop()
	// One that dies while it holds the lease.
	if _, err := s.LeaseJob(t.Context(), "dead", 300*time.Millisecond); err != nil {
		t.Fatalf("the first one gave back nothing: %v", err)
	}
	run(t, s, config())
	run(t, s, config())
	got := reach(t, s, made.ID, "the job ended", ended)
	if got.State != job.Done || got.Done != 100 {
		t.Errorf("job ended as %+v", got)
	}
}

func TestRunnerStopsAtAnAbort(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	unread(t, s, 100)
	run(t, s, config())
	made := order(t, s, everything(100), func() {})
	reach(t, s, made.ID, "some are done", func(j job.Job) bool { return j.Done > 0 })
	aborted, err := s.AbortJob(t.Context(), made.ID)
	if err != nil || aborted.Done >= 100 {
		t.Fatalf("aborted %+v, %v", aborted, err)
	}
	next := order(t, s, everything(10_000), func() {}) // which the runner has time for
	if got := reach(t, s, next.ID, "the next ended", ended); got.Done != 100-aborted.Done {
		t.Errorf("the next job did %d, the aborted one %d of 100", got.Done, aborted.Done)
	}
	if j, err := s.Job(t.Context(), made.ID); err != nil || j.Done != aborted.Done {
		t.Errorf("the aborted job went on: %+v, %v", j, err)
	}
}

// refusing is a store whose database is unavailable for some looks at a time.
type refusing struct {
	job.Store
	looks atomic.Int32
}

func (s *refusing) LeaseJob(context.Context, string, time.Duration) (job.Job, error) {
	if s.looks.Add(1)%20 == 0 {
		return job.Job{}, fault.New(fault.NotFound, "no job")
	}
	return job.Job{}, fault.New(fault.Unavailable, "the database is not available")
}

// TestAnOutageIsAWarningOnce: a process that waits for its database does not
// fill the log with that.
func TestAnOutageIsAWarningOnce(t *testing.T) {
	t.Parallel()
	var lines logtest.Buffer
	log := slog.New(slog.NewTextHandler(&lines, nil))
	store := &refusing{Store: openStore(t)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- job.NewRunner(store, nil, config(), log).Run(ctx) }()
	for deadline := time.Now().Add(time.Minute); store.looks.Load() < 50; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d looks in a minute", store.looks.Load())
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	outages := int(store.looks.Load())/20 + 1
	if n := strings.Count(lines.String(), "level=WARN"); n < 3 || n > outages {
		t.Errorf("%d warnings of %d outages:\n%s", n, outages, lines.String())
	}
}

// TestOneThatGoesOnLaterHoldsUpNoOther: a job that has nothing to do for now gives its place up,
// and has it again when its lease has run out.
func TestOneThatGoesOnLaterHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	unread(t, s, 5)
	waits := order(t, s, everything(10_000), func() {})
	next := order(t, s, everything(10_000), func() {})
	var looks atomic.Int32
	kinds := failures.JobKinds(s, &announcer{})
	step := kinds[waits.Kind].Step
	kinds[waits.Kind] = job.Kind{Step: func(ctx context.Context, b job.Batch) (job.Job, error) {
		if b.JobID == waits.ID && looks.Add(1) < 3 {
			return job.Job{}, job.ErrLater
		}
		return step(ctx, b)
	}}
	cfg := config()
	cfg.Jobs, cfg.Lease = 1, 300*time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- job.NewRunner(s, kinds, cfg, slog.New(slog.DiscardHandler)).Run(ctx) }()
	reach(t, s, next.ID, "the next ended", ended)
	if got := reach(t, s, waits.ID, "the first ended", ended); got.State != job.Done || looks.Load() < 3 {
		t.Errorf("it ended as %+v after %d looks", got, looks.Load())
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
