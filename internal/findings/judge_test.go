package findings_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/findings"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/monitor"
	"vitrine.dev/internal/processes"
)

var now = time.Date(2026, 11, 3, 15, 0, 0, 0, time.UTC)

// at is a time of that day, as 14:05.
func at(clock string) time.Time {
	t, err := time.Parse("15:04", clock)
	if err != nil {
		panic(err)
	}
	return time.Date(2026, 11, 3, t.Hour(), t.Minute(), 0, 0, time.UTC)
}

// queue is one with slots where so many wait in line.
func queue(slots, line int, since time.Time) *dispatch.Overview {
	return &dispatch.Overview{Slots: slots, States: []dispatch.StateCount{
		{State: dispatch.StateInLine, Images: line, OldestAt: at("01:00"), DueAt: since}, // it was tried before
		{State: dispatch.StateBegun, Images: 5, OldestAt: at("01:00")},
		{State: dispatch.StateParked, Images: 2, OldestAt: at("01:00")},
	}}
}

var errRead = errors.New("no such table")

func tally(n int, from string) failures.Tally {
	return failures.Tally{Count: n, OldestAt: at(from), NewestAt: now}
}

// TestSentences: what each fact is said to be, how bad, for how many pictures, and what to do.
func TestSentences(t *testing.T) {
	t.Parallel()
	host := func(name string, reasons ...failures.ReasonTally) *failures.Summary {
		h := failures.HostTally{Host: name, Reasons: reasons, Tally: failures.Tally{OldestAt: at("09:10")}}
		for _, r := range reasons {
			h.Count += r.Count
		}
		return &failures.Summary{Tally: h.Tally, Hosts: []failures.HostTally{h}, Reasons: reasons}
	}
	full := queue(8, 9_998, at("14:59"))
	full.Users = []dispatch.UserWork{{UserID: 1, InFlight: 9, Waiting: 200}, {UserID: 7, Waiting: 9_800}}
	dead := queue(0, 310, at("14:59"))
	dead.Lost = []processes.Process{{Role: "api"}, {Role: "worker", InFlight: 12, HeartbeatAt: at("14:02")}}
	draining := queue(3, 310, at("14:59"))
	draining.Processes = []processes.Process{{Role: "api"}, {Role: "worker", Slots: 3, Draining: true}}
	crashing := queue(8, 0, time.Time{})
	crashing.Lost = []processes.Process{{Role: "worker", InFlight: 1, HeartbeatAt: at("14:02")}, {Role: "serve", InFlight: 2, HeartbeatAt: at("14:02").AddDate(0, 0, -1)}}
	yesterday := at("23:50").AddDate(0, 0, -1)
	for want, f := range map[string]findings.Facts{
		"": {Queue: queue(8, 3, at("14:59")), Fsck: &gc.Run{Report: gc.Report{Findings: []gc.Finding{{Kind: "stale_cache", Skipped: true}}}}},
		"warning " + "example.com has failed since 14:05 UTC (source_timeout); 1,204 pictures wait for it. 1204 show_host": {
			Hosts: []dispatch.HostView{{Name: "example.com", Parked: 1204, Host: dispatch.Host{FailingAt: at("14:05").UnixMilli(), Reason: fault.SourceTimeout}}},
		},
		"warning example.com has failed since 14:05 UTC (source_timeout); 1 picture waits for it. 1 show_host": {
			Hosts: []dispatch.HostView{{Name: "example.com", Parked: 1, Host: dispatch.Host{FailingAt: at("14:05").UnixMilli(), Reason: fault.SourceTimeout}}},
		},
		"warning example.com has failed since 2 November 23:50 UTC (source_unreachable); 10,000+ pictures wait for it. 10000+ show_host": {
			Hosts: []dispatch.HostView{{Name: "example.com", Parked: 10_000, Host: dispatch.Host{FailingAt: yesterday.UnixMilli(), Reason: fault.SourceUnreachable}}},
		},
		"critical No worker is alive: 312 pictures wait. 312 show_workers\n" +
			"critical A worker stopped answering at 14:02 UTC with 12 pictures in work. 12 show_workers": {Queue: dead},
		"critical Every worker drains: 312 pictures wait. 312 show_workers":                                       {Queue: draining},
		"warning 2 workers have stopped answering, the last at 14:02 UTC with 3 pictures in work. 3 show_workers": {Queue: crashing},
		"notice User 7 fills the queue: 9,800 of 10,000 waiting pictures are theirs. 9800 show_queue":             {Queue: full},
		"critical The storage cannot be written since 14:30 UTC. 0 show_readiness": {
			Parts: map[string]monitor.Status{"storage": monitor.ReadOnly, "queue": monitor.OK}, PartsSince: map[string]time.Time{"storage": at("14:30")},
		},
		"critical The queue does not answer. 5 show_readiness": {Queue: queue(8, 3, at("14:59")), Parts: map[string]monitor.Status{"queue": monitor.Down}},
		"notice 3 pictures of a.example failed since 09:10 UTC (source_not_found). 3 show_failures": {
			Failures: host("a.example", failures.ReasonTally{Reason: fault.SourceNotFound, Tally: tally(3, "09:10")}),
		},
		"warning 1,500 pictures of a.example failed since 09:10 UTC (1100 of them source_timeout). 1500 retry_failures": {
			Failures: host("a.example", failures.ReasonTally{Reason: fault.SourceTimeout, Tally: tally(1100, "09:10")},
				failures.ReasonTally{Reason: fault.SourceNotFound, Tally: tally(400, "09:30")}),
		},
		"notice The broker has had 1 message that is no image job since 09:10 UTC. 0 show_failures": {
			Failures: &failures.Summary{Reasons: []failures.ReasonTally{{Reason: failures.Unreadable, Tally: tally(1, "09:10")}}},
		},
		"notice 20 pictures wait for a worker, the first since 14:20 UTC. 20 show_queue": {Queue: queue(8, 20, at("14:20"))},
		"warning The reader cache has not followed the log of events since 14:00 UTC: 5,000 events behind. 0 show_readiness": {
			Readers: []findings.Reader{{Name: "cache", Behind: 5000, Oldest: at("14:00")}, {Name: "fast", Behind: 10, Oldest: now.Add(-time.Second)}, {Name: "idle"}},
		},
		"warning Webhook 4 of user 7 is disabled since 14:00 UTC (gone). 0 show_webhook\n" +
			"notice Webhook 5 of user 7 has failed since 14:10 UTC, 1 time. 0 show_webhook": {Webhooks: []findings.Webhook{
			{ID: 5, UserID: 7, Failures: 1, Since: at("14:10")}, {ID: 4, UserID: 7, Disabled: "gone", Since: at("14:00")},
		}},
		"notice Import 9 of user 7 is paused; 40 pictures of it wait. 40 show_import": {Imports: []findings.Import{{ID: 9, UserID: 7, ImagesWaiting: 40}}},
		"warning fsck found 1,205 differences at 14:05 UTC (missing_object and wrong_counts). 0 show_consistency": {
			Fsck: &gc.Run{EndedAt: at("14:05"), Report: gc.Report{Findings: []gc.Finding{
				{Kind: gc.MissingObject, Count: 1204, Repaired: 4}, {Kind: gc.WrongSize, Count: 2, Repaired: 2}, {Kind: "wrong_counts", Count: 5},
			}}},
		},
		"critical What may be wrong with hosts, imports and the queue is not known: it could not be read. The log says why. 0 show_readiness": {
			Unread: map[string]error{"hosts": errRead, "imports": errRead, "the queue": errRead},
		},
	} {
		f.Now = now
		var lines []string
		for _, found := range findings.Judge(f) {
			more := ""
			if found.More {
				more = "+"
			}
			lines = append(lines, strings.Join([]string{string(found.Severity), found.Text, strconv.Itoa(found.Pictures) + more, string(found.Action.Kind)}, " "))
		}
		if got := strings.Join(lines, "\n"); got != want {
			t.Errorf("found\n%s\nwant\n%s", got, want)
		}
	}
	cancelled := findings.Facts{Now: now, Failures: host("a.example", failures.ReasonTally{Reason: fault.Cancelled, Tally: tally(3, "09:10")})}
	if got := findings.Judge(cancelled); len(got) != 0 {
		t.Errorf("what was cancelled is %+v", got)
	}
}

// TestOrder: whatever the facts, findings are ordered, bounded, and whole: with words of the
// closed lists, and an action that says what it is about.
func TestOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 12_000)
		ago := func(name string) time.Time {
			return now.Add(-time.Duration(rapid.IntRange(0, 100_000).Draw(t, name)) * time.Second)
		}
		f := findings.Facts{Now: now, Unread: rapid.MapOfN(rapid.SampledFrom([]string{"hosts", "the queue"}), rapid.Just(errRead), 0, 2).Draw(t, "unread")}
		if rapid.Bool().Draw(t, "queue") {
			f.Queue = queue(n.Draw(t, "slots"), n.Draw(t, "line"), ago("oldest"))
			f.Queue.Users = []dispatch.UserWork{{UserID: 3, Waiting: n.Draw(t, "theirs")}}
			for range rapid.IntRange(0, dispatch.MostLost).Draw(t, "lost") {
				f.Queue.Lost = append(f.Queue.Lost, processes.Process{Role: "worker", InFlight: n.Draw(t, "in work"), HeartbeatAt: ago("heartbeat")})
			}
		}
		for range rapid.IntRange(0, 80).Draw(t, "hosts") {
			f.Hosts = append(f.Hosts, dispatch.HostView{Name: "h.example", Parked: n.Draw(t, "parked"), Host: dispatch.Host{FailingAt: ago("failing").UnixMilli()}})
		}
		var groups []failures.Group
		for range rapid.IntRange(0, 80).Draw(t, "groups") {
			groups = append(groups, failures.Group{
				Reason: rapid.SampledFrom(fault.Reasons()).Draw(t, "reason"), Host: rapid.StringMatching(`[a-z]\.example`).Draw(t, "host"), UserID: 1,
				Tally: failures.Tally{Count: 1 + n.Draw(t, "failed"), OldestAt: ago("failed"), NewestAt: now},
			})
		}
		f.Failures = new(failures.Summarize(groups))
		got := findings.Judge(f)
		if len(got) > findings.Most {
			t.Fatalf("%d findings", len(got))
		}
		for i, found := range got {
			if i > 0 && found.Pictures > got[i-1].Pictures {
				t.Fatalf("%+v comes after %+v", found, got[i-1])
			}
			if !slices.Contains(findings.Codes(), found.Code) || !slices.Contains(findings.Severities(), found.Severity) ||
				!slices.Contains(findings.ActionKinds(), found.Action.Kind) || !strings.HasSuffix(found.Text, ".") || strings.Contains(found.Text, "%!") ||
				found.Pictures < 0 || (found.Code == findings.HostFailing || found.Code == findings.PicturesFailed) && found.Action.Host == "" {
				t.Fatalf("%+v is not whole", found)
			}
		}
	})
}

// TestHostText: since when a host fails is said in the words of the findings, and nothing of one that answers.
func TestHostText(t *testing.T) {
	t.Parallel()
	fails := dispatch.Host{Failures: 3, FailingAt: now.Add(-20 * time.Minute).UnixMilli(), Reason: fault.SourceUnreachable}
	for want, h := range map[string]dispatch.HostView{
		"": {Name: "a.example", State: dispatch.HostAnswers, Parked: 4},
		"3 URLs of a.example failed since 14:40 UTC (source_unreachable).":                        {Name: "a.example", State: dispatch.HostFailing, Host: fails, Parked: 4},
		"a.example has failed since 14:40 UTC (source_unreachable); 1,000+ pictures wait for it.": {Name: "a.example", State: dispatch.HostProbed, Host: fails, Parked: 1000},
	} {
		if got := findings.HostText(now, h, h.Parked == 1000); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
