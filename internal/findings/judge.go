package findings

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/monitor"
	"vitrine.dev/internal/processes"
)

// When something is a finding.
const (
	fullQueue    = 1000             // pictures that wait, from which on it matters whose they are
	longWait     = 10 * time.Minute // of the oldest picture that waits for its turn
	readerSilent = time.Minute      // that the first event waits for its reader
	// Most is how many findings are returned.
	Most = 100
)

// Judge returns what is wrong: those first that concern most pictures, of as many the worst
// first, at most Most. It depends on nothing but the facts.
func Judge(f Facts) []Finding {
	var all []Finding
	for _, rule := range []func(Facts) []Finding{
		notKnown, parts, workers, hosts, failed, fullOfOne, waitLong, readers, webhooks, imports, differences,
	} {
		all = append(all, rule(f)...)
	}
	severities := Severities()
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Pictures, a.Pictures),
			cmp.Compare(slices.Index(severities, a.Severity), slices.Index(severities, b.Severity)), cmp.Compare(a.Text, b.Text))
	})
	return all[:min(len(all), Most)]
}

func notKnown(f Facts) []Finding {
	if len(f.Unread) == 0 {
		return nil
	}
	severity := Warning
	if f.Queue == nil {
		severity = Critical
	}
	return []Finding{{
		Code: NotKnown, Severity: severity, Action: Action{Kind: ShowReadiness},
		Text: fmt.Sprintf("What may be wrong with %s is not known: it could not be read. The log says why.", list(slices.Sorted(maps.Keys(f.Unread)))),
	}}
}

func parts(f Facts) (found []Finding) {
	for _, name := range slices.Sorted(maps.Keys(f.Parts)) {
		status, since := f.Parts[name], f.PartsSince[name]
		if status == monitor.OK {
			continue
		}
		what := "does not answer"
		if status == monitor.ReadOnly {
			what = "cannot be written"
		}
		n, more := waiting(f.Queue)
		found = append(found, Finding{
			Code: PartUnavailable, Severity: Critical, Since: since, Pictures: n, More: more, Action: Action{Kind: ShowReadiness},
			Text: fmt.Sprintf("The %s %s%s.", name, what, f.since(since)),
		})
	}
	return found
}

// workers tells that no one works, and who has stopped without saying so.
func workers(f Facts) (found []Finding) {
	if f.Queue == nil {
		return nil
	}
	who := "No worker is alive"
	drain := processes.AllDrain(f.Queue.Processes)
	if drain {
		who = "Every worker drains"
	}
	alive := f.Queue.Slots > 0 && !drain
	if n, more := waiting(f.Queue); !alive && n > 0 {
		found = append(found, Finding{
			Code: NoWorker, Severity: Critical, Pictures: n, More: more, Action: Action{Kind: ShowWorkers},
			Text: fmt.Sprintf("%s: %s.", who, does(n, more, "waits", "wait")),
		})
	}
	lost := lostOf(f.Queue.Lost)
	if lost.workers == 0 {
		return found
	}
	severity := Warning
	if !alive {
		severity = Critical
	}
	return append(found, Finding{
		Code: WorkerStopped, Severity: severity, Pictures: lost.inWork, Since: lost.first, Action: Action{Kind: ShowWorkers},
		Text: f.lost(lost),
	})
}

// lost is workers that have stopped without saying so.
type lost struct {
	workers, inWork int
	first, last     time.Time // of their last heartbeats
}

// lostOf sums up the processes that were lost, the latest first.
func lostOf(list []processes.Process) (sum lost) {
	for _, p := range list {
		if !p.Works() {
			continue
		}
		if sum.workers == 0 {
			sum.last = p.HeartbeatAt
		}
		sum.workers, sum.inWork, sum.first = sum.workers+1, sum.inWork+p.InFlight, p.HeartbeatAt
	}
	return sum
}

func hosts(f Facts) (found []Finding) {
	for _, h := range f.Hosts {
		since, more := time.UnixMilli(h.FailingAt).UTC(), h.Parked >= dispatch.CountMost
		found = append(found, Finding{
			Code: HostFailing, Severity: Warning, Pictures: h.Parked, More: more, Since: since, Action: Action{Kind: ShowHost, Host: h.Name},
			Text: f.host(h, more),
		})
	}
	return found
}

// failed tells of each host whose pictures have failed for what reason most of them did.
func failed(f Facts) (found []Finding) {
	if f.Failures == nil {
		return nil
	}
	for _, h := range f.Failures.Hosts {
		most := h.Reasons[0]
		if len(h.Reasons) == 1 && most.Reason == fault.Cancelled { // someone has wanted that
			continue
		}
		finding := Finding{
			Code: PicturesFailed, Severity: Notice, Pictures: h.Count, More: f.Failures.More, Since: h.OldestAt,
			Action: Action{Kind: ShowFailures, Host: h.Host, FailedAfter: f.FailedAfter},
		}
		why := string(most.Reason)
		if len(h.Reasons) > 1 {
			why = fmt.Sprintf("%d of them %s", most.Count, most.Reason)
		}
		if slices.ContainsFunc(h.Reasons, func(r failures.ReasonTally) bool { return r.Reason.Retryable() }) {
			finding.Severity, finding.Action.Kind = Warning, RetryFailures
		}
		finding.Text = fmt.Sprintf("%s of %s failed%s (%s).", pictures(h.Count, f.Failures.More), h.Host, f.since(h.OldestAt), why)
		found = append(found, finding)
	}
	for _, r := range f.Failures.Reasons {
		if r.Reason == failures.Unreadable {
			text := "The broker has had %d messages that are no image jobs%s."
			if r.Count == 1 {
				text = "The broker has had %d message that is no image job%s."
			}
			found = append(found, Finding{
				Code: MessagesUnread, Severity: Notice, Since: r.OldestAt, Text: fmt.Sprintf(text, r.Count, f.since(r.OldestAt)),
				Action: Action{Kind: ShowFailures, Reason: failures.Unreadable, FailedAfter: f.FailedAfter},
			})
		}
	}
	return found
}

// fullOfOne tells whose most of the waiting pictures are.
func fullOfOne(f Facts) []Finding {
	total, more := waiting(f.Queue)
	if total < fullQueue {
		return nil
	}
	most := slices.MaxFunc(append(f.Queue.Users, dispatch.UserWork{}), func(a, b dispatch.UserWork) int { return cmp.Compare(a.Waiting, b.Waiting) })
	if most.Waiting*2 <= total {
		return nil
	}
	return []Finding{{
		Code: UserFillsQueue, Severity: Notice, Pictures: most.Waiting, More: most.More, Action: Action{Kind: ShowQueue, UserID: most.UserID},
		Text: fmt.Sprintf("User %d fills the queue: %s of %s are theirs.", most.UserID, number(most.Waiting, most.More),
			strings.Replace(pictures(total, more), " ", " waiting ", 1)),
	}}
}

// waitLong tells of pictures that wait for nothing but their turn.
func waitLong(f Facts) []Finding {
	if f.Queue == nil || f.Queue.Slots == 0 {
		return nil
	}
	var first time.Time // since when the one waits that waits longest
	n, more := 0, false
	for _, s := range f.Queue.States {
		if s.State.For() != dispatch.ForTurn || s.Images == 0 {
			continue
		}
		n, more = n+s.Images, more || s.More
		if first.IsZero() || s.DueAt.Before(first) {
			first = s.DueAt
		}
	}
	if n == 0 || f.Now.Sub(first) < longWait {
		return nil
	}
	return []Finding{{
		Code: PicturesWaitLong, Severity: Notice, Pictures: n, More: more, Since: first, Action: Action{Kind: ShowQueue},
		Text: fmt.Sprintf("%s for a worker, the first%s.", does(n, more, "waits", "wait"), f.since(first)),
	}}
}

func readers(f Facts) (found []Finding) {
	for _, r := range f.Readers {
		if r.Behind == 0 || f.Now.Sub(r.Oldest) < readerSilent {
			continue
		}
		found = append(found, Finding{
			Code: ReaderBehind, Severity: Warning, Since: r.Oldest, Action: Action{Kind: ShowReadiness},
			Text: fmt.Sprintf("The reader %s has not followed the log of events%s: %s behind.", r.Name, f.since(r.Oldest), events(r.Behind)),
		})
	}
	return found
}

func webhooks(f Facts) (found []Finding) {
	for _, w := range f.Webhooks {
		finding := Finding{Since: w.Since, Action: Action{Kind: ShowWebhook, ID: w.ID, UserID: w.UserID}}
		if w.Disabled != "" {
			finding.Code, finding.Severity = WebhookDisabled, Warning
			finding.Text = fmt.Sprintf("Webhook %d of user %d is disabled%s (%s).", w.ID, w.UserID, f.since(w.Since), w.Disabled)
		} else {
			finding.Code, finding.Severity = WebhookFailing, Notice
			finding.Text = fmt.Sprintf("Webhook %d of user %d has failed%s, %s.", w.ID, w.UserID, f.since(w.Since), times(w.Failures))
		}
		found = append(found, finding)
	}
	return found
}

func imports(f Facts) (found []Finding) {
	for _, i := range f.Imports {
		found = append(found, Finding{
			Code: ImportPaused, Severity: Notice, Pictures: i.ImagesWaiting, Since: i.Since, Action: Action{Kind: ShowImport, ID: i.ID, UserID: i.UserID},
			Text: fmt.Sprintf("Import %d of user %d is paused; %s.", i.ID, i.UserID, does(i.ImagesWaiting, false, "of it waits", "of it wait")),
		})
	}
	return found
}

func differences(f Facts) []Finding {
	if f.Fsck == nil || f.Fsck.Report.Left() == 0 {
		return nil
	}
	var kinds []string
	for _, found := range f.Fsck.Report.Findings {
		if found.Repaired < found.Count {
			kinds = append(kinds, string(found.Kind))
		}
	}
	return []Finding{{
		Code: DifferencesFound, Severity: Warning, Since: f.Fsck.EndedAt, Action: Action{Kind: ShowRuns},
		Text: fmt.Sprintf("fsck found %s at %s (%s).", several(int(f.Fsck.Report.Left()), false, "difference"), f.clock(f.Fsck.EndedAt), list(kinds)),
	}}
}

// waiting is how many pictures wait, for whatever.
func waiting(o *dispatch.Overview) (n int, more bool) {
	if o == nil {
		return 0, false
	}
	for _, s := range o.States {
		if s.State != dispatch.StateBegun {
			n, more = n+s.Images, more || s.More
		}
	}
	return n, more
}
