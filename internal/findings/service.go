package findings

import (
	"context"
	"log/slog"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/monitor"
	"vitrine.dev/internal/recent"
)

const (
	// within is how long facts are read, and grace how much of that is for reads to say why they gave up.
	within, grace = time.Second, 50 * time.Millisecond
	// life is for how long a Report is given out.
	life = time.Second
	// FailedWithin is how old failures are at most that are findings.
	FailedWithin = 24 * time.Hour
)

// Sources are where facts are read.
type Sources struct {
	Queue interface {
		Overview(ctx context.Context) (dispatch.Overview, error)
		Failing(ctx context.Context, limit int) ([]dispatch.HostView, error)
	}
	Failures interface {
		Summary(ctx context.Context, by auth.Principal, f failures.Filter) (failures.Summary, error)
	}
	Store Store
	// Parts says how the parts of this process are; nil: it has none.
	Parts func(ctx context.Context) monitor.Report
}

// Report is what is wrong at a moment.
type Report struct {
	At       time.Time
	Findings []Finding
	Facts    Facts
}

// Service says what is wrong. It is safe for concurrent use.
type Service struct {
	sources Sources
	log     *slog.Logger
	unread  map[string]*backoff.Outage // by what could not be read; used only by the one who reads
	last    recent.Value[Report]
}

// NewService returns a Service.
func NewService(s Sources, log *slog.Logger) *Service {
	return &Service{sources: s, log: log, unread: map[string]*backoff.Outage{}}
}

// Report returns what is wrong, as it was within the last second, in about a second at
// most: what cannot be read in that time is a finding. It is shared: no caller changes it.
// fault.Forbidden for who is no operator.
func (s *Service) Report(ctx context.Context, by auth.Principal) (Report, error) {
	if !by.May(auth.Operator) {
		return Report{}, fault.New(fault.Forbidden, "what is wrong concerns all users: only operators may read it")
	}
	return s.last.Get(ctx, life, func(ctx context.Context) (Report, error) {
		facts := s.sources.read(ctx)
		s.logUnread(ctx, facts.Unread)
		return Report{At: facts.Now, Findings: Judge(facts), Facts: facts}, nil
	})
}

// logUnread logs what could not be read, and what is read again. One reads at a time.
func (s *Service) logUnread(ctx context.Context, unread map[string]error) {
	for name, err := range unread {
		if s.unread[name] == nil {
			s.unread[name] = backoff.NewOutage(s.log, "a fact about what is wrong could not be read", "a fact about what is wrong is read again")
		}
		s.unread[name].Failed(ctx, name, err)
	}
	for name, outage := range s.unread {
		if unread[name] == nil {
			outage.Succeeded(ctx)
		}
	}
}

// read reads the facts, all at once, and returns what it has after within.
func (s Sources) read(ctx context.Context) Facts {
	over := time.After(within)
	ctx, cancel := context.WithTimeout(ctx, within-grace)
	defer cancel()
	now := time.Now().UTC()
	after := now.Add(-FailedWithin).Truncate(time.Millisecond)
	facts := Facts{Now: now, FailedAfter: after}
	reads := map[string]func() (func(), error){
		TheQueue: func() (func(), error) {
			o, err := s.Queue.Overview(ctx)
			return func() { facts.Queue = &o }, err
		},
		"hosts": func() (func(), error) {
			hosts, err := s.Queue.Failing(ctx, mostHosts)
			return func() { facts.Hosts = hosts }, err
		},
		"failed pictures": func() (func(), error) {
			sum, err := s.Failures.Summary(ctx, auth.Everyone(), failures.Filter{FailedAfter: after})
			return func() { facts.Failures = &sum }, err
		},
		"readers of the log": func() (func(), error) {
			list, err := s.Store.ReaderLags(ctx, mostReaders)
			return func() { facts.Readers = list }, err
		},
		"webhooks": func() (func(), error) {
			list, err := s.Store.TroubledWebhooks(ctx, mostWebhooks)
			return func() { facts.Webhooks = list }, err
		},
		"imports": func() (func(), error) {
			list, err := s.Store.PausedImports(ctx, mostImports)
			return func() { facts.Imports = list }, err
		},
		"the last check": func() (func(), error) {
			last, err := s.Store.LastFinished(ctx, gc.TaskFsck)
			return func() { facts.Fsck = last }, err
		},
	}
	if s.Parts != nil {
		reads["the parts of this process"] = func() (func(), error) {
			r := s.Parts(context.WithoutCancel(ctx)) // it has a limit of its own, and what it sees is logged
			return func() { facts.Parts, facts.PartsSince = r.Parts, r.Since }, nil
		}
	}
	type outcome struct {
		name string
		put  func()
		err  error
	}
	outcomes := make(chan outcome, len(reads))
	facts.Unread = map[string]error{}
	for name, read := range reads {
		facts.Unread[name] = context.DeadlineExceeded // until there is an outcome
		go func() {
			put, err := read()
			outcomes <- outcome{name, put, fault.InTime(ctx, err)}
		}()
	}
	take := func(o outcome) {
		if o.err != nil {
			facts.Unread[o.name] = o.err
			return
		}
		o.put()
		delete(facts.Unread, o.name)
	}
	for range reads {
		select {
		case o := <-outcomes:
			take(o)
		case <-over:
			for len(outcomes) > 0 {
				take(<-outcomes)
			}
			return facts
		}
	}
	return facts
}
