package findings

import (
	"time"

	"vitrine.dev/internal/fault"
)

// Code names a kind of finding. The list is closed.
type Code string

// The codes.
const (
	NotKnown         Code = "not_known"        // some facts could not be read
	PartUnavailable  Code = "part_unavailable" // the database, queue, cache or storage, as this process sees it
	NoWorker         Code = "no_worker"        // no process works on images
	WorkerStopped    Code = "worker_stopped"   // a worker has stopped without saying so
	HostFailing      Code = "host_failing"     // a host's breaker has opened and not closed since
	PicturesFailed   Code = "pictures_failed"  // pictures of a host that answers have failed
	MessagesUnread   Code = "messages_unread"  // the broker had messages that are no image jobs
	UserFillsQueue   Code = "user_fills_queue" // most of what waits is one user's
	PicturesWaitLong Code = "pictures_wait_long"
	ReaderBehind     Code = "reader_behind"   // a reader of the log of events does not follow
	WebhookFailing   Code = "webhook_failing" // nothing could be delivered for a while
	WebhookDisabled  Code = "webhook_disabled"
	ImportPaused     Code = "import_paused"
	DifferencesFound Code = "differences_found" // the last fsck found what it did not repair
)

// Codes lists all of them.
func Codes() []Code {
	return []Code{
		NotKnown, PartUnavailable, NoWorker, WorkerStopped, HostFailing, PicturesFailed, MessagesUnread, UserFillsQueue, PicturesWaitLong,
		ReaderBehind, WebhookFailing, WebhookDisabled, ImportPaused, DifferencesFound,
	}
}

// Severity is how bad a finding is. The list is closed.
type Severity string

// The severities.
const (
	Critical Severity = "critical" // work stands still
	Warning  Severity = "warning"  // some does, or has failed
	Notice   Severity = "notice"   // worth knowing
)

// Severities lists all of them, the worst first.
func Severities() []Severity { return []Severity{Critical, Warning, Notice} }

// Finding is one thing that is wrong.
type Finding struct {
	Code     Code
	Severity Severity
	Text     string    // one plain English sentence, times in UTC
	Pictures int       // that it concerns; 0 for none, or where it is not known
	More     bool      // it may concern more
	Since    time.Time // zero where it is not known
	Action   Action
}

// ActionKind is what can be done about a finding. The list is closed.
type ActionKind string

// The kinds of actions.
const (
	RetryFailures ActionKind = "retry_failures" // of what Reason, Host and FailedAfter select
	ShowFailures  ActionKind = "show_failures"  // the same
	ShowHost      ActionKind = "show_host"      // Host
	ShowWorkers   ActionKind = "show_workers"
	ShowQueue     ActionKind = "show_queue" // of UserID, where it is not 0
	ShowReadiness ActionKind = "show_readiness"
	ShowWebhook   ActionKind = "show_webhook" // ID
	ShowImport    ActionKind = "show_import"  // ID
	ShowRuns      ActionKind = "show_consistency"
)

// ActionKinds lists all of them.
func ActionKinds() []ActionKind {
	return []ActionKind{RetryFailures, ShowFailures, ShowHost, ShowWorkers, ShowQueue, ShowReadiness, ShowWebhook, ShowImport, ShowRuns}
}

// Action is what can be done, with what it is done to. Fields that its kind does not name are zero.
type Action struct {
	Kind        ActionKind
	Host        string
	Reason      fault.Reason
	UserID      int64
	ID          int64
	FailedAfter time.Time
}
