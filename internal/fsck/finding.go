package fsck

// Kind names one way in which the parts can disagree.
type Kind string

// The kinds: a closed list, the same in the report, its JSON and the log.
const (
	StuckProcessing     Kind = "stuck_processing"
	StuckPending        Kind = "stuck_pending"
	OrphanMessage       Kind = "orphan_message"
	MissingObject       Kind = "missing_object"
	WrongSize           Kind = "wrong_size"
	OrphanObject        Kind = "orphan_object"
	UnusedRendition     Kind = "unused_rendition"
	StaleCache          Kind = "stale_cache"
	DeadMessagesWaiting Kind = "dead_messages_waiting"
)

// Kinds lists every kind, in the order of the report.
func Kinds() []Kind {
	return []Kind{
		StuckProcessing, StuckPending, OrphanMessage, MissingObject, WrongSize,
		OrphanObject, UnusedRendition, StaleCache, DeadMessagesWaiting,
	}
}

// Sentence says what a finding of the kind means.
func (k Kind) Sentence() string {
	switch k {
	case StuckProcessing:
		return "images whose worker fell silent long ago"
	case StuckPending:
		return "images that wait for a job that is neither in the outbox nor in the queue"
	case OrphanMessage:
		return "jobs in the outbox whose image is gone, done or of another generation"
	case MissingObject:
		return "published files that the storage does not have"
	case WrongSize:
		return "published files of another length than the database says"
	case OrphanObject:
		return "files in storage that nothing refers to"
	case UnusedRendition:
		return "published results that no image refers to"
	case StaleCache:
		return "cached products of another version than the database's"
	case DeadMessagesWaiting:
		return "messages in the broker's dead-letter queue that no worker drains"
	default:
		return string(k)
	}
}

// maxSamples is how many things of a kind are named.
const maxSamples = 5

// Finding is everything found of one kind.
type Finding struct {
	Kind     Kind     `json:"kind"`
	What     string   `json:"what"`
	Count    int64    `json:"count"`
	Mended   int64    `json:"mended"`
	Samples  []string `json:"samples"`            // some of them, at most five
	Unmended string   `json:"unmended,omitempty"` // why not all are mended, where something is to be done
}

// Report is what one run found.
type Report struct {
	Findings []Finding `json:"findings"`
	// Checked counts what was looked at, by name.
	Checked map[string]int64 `json:"checked"`
	// Shared says that another installation has files in the same storage.
	Shared bool `json:"shared_storage"`
	// Notes are what could not be checked, and why, and what is merely worth
	// knowing.
	Notes []string `json:"notes"`
}

// Clean reports whether nothing is wrong any more.
func (r *Report) Clean() bool {
	for _, f := range r.Findings {
		if f.Mended < f.Count {
			return false
		}
	}
	return true
}

// Of returns the finding of the kind, with a zero count where there is none.
func (r *Report) Of(kind Kind) Finding {
	for _, f := range r.Findings {
		if f.Kind == kind {
			return f
		}
	}
	return Finding{Kind: kind, What: kind.Sentence()}
}

// found counts n things of a kind, and keeps their names as samples.
func (r *Report) found(kind Kind, n int64, names ...string) {
	if f := r.finding(kind); n > 0 {
		f.Count += n
		f.Samples = append(f.Samples, names[:min(len(names), maxSamples-len(f.Samples))]...)
	}
}

func (r *Report) mended(kind Kind, n int64) { r.finding(kind).Mended += n }

// unmended says why what was found of a kind stays.
func (r *Report) unmended(kind Kind, why string) { r.finding(kind).Unmended = why }

func (r *Report) checked(what string, n int64) {
	if r.Checked == nil {
		r.Checked = map[string]int64{}
	}
	r.Checked[what] += n
}

func (r *Report) note(text string) { r.Notes = append(r.Notes, text) }

// finding returns the kind's place in the report, which stays in order.
func (r *Report) finding(kind Kind) *Finding {
	if r.Findings == nil {
		for _, k := range Kinds() {
			r.Findings = append(r.Findings, Finding{Kind: k, What: k.Sentence(), Samples: []string{}})
		}
	}
	for i := range r.Findings {
		if r.Findings[i].Kind == kind {
			return &r.Findings[i]
		}
	}
	return &Finding{} // of no kind: not in the report
}
