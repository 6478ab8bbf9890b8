package gc

// Kind names one way in which the parts can disagree.
type Kind string

// The kinds that concern stored files.
const (
	MissingObject   Kind = "missing_object"
	WrongSize       Kind = "wrong_size"
	OrphanObject    Kind = "orphan_object"
	UnusedRendition Kind = "unused_rendition"
	UnusedSource    Kind = "unused_source"
)

// Findings returns a finding without a count for each kind that concerns files.
func Findings() []Finding {
	return []Finding{
		{Kind: MissingObject, What: "published or uploaded files that the storage does not have"},
		{Kind: WrongSize, What: "published or uploaded files of another length than the database says"},
		{Kind: OrphanObject, What: "files in storage that nothing refers to"},
		{Kind: UnusedRendition, What: "published results that no image refers to"},
		{Kind: UnusedSource, What: "uploaded files that no image refers to"},
	}
}

// MaxSamples is how many things of a kind are named.
const MaxSamples = 5

// Finding is everything found of one kind.
type Finding struct {
	Kind       Kind     `json:"kind"`
	What       string   `json:"what"`
	Skipped    bool     `json:"skipped,omitempty"` // not all of it was looked for
	Count      int64    `json:"count"`
	Repaired   int64    `json:"mended"`
	Samples    []string `json:"samples"`            // some of them, at most five
	Unrepaired string   `json:"unmended,omitempty"` // why not all are repaired, where something is to be done
}

// Report is what one run found.
type Report struct {
	Findings []Finding `json:"findings"`
	// Part says that it was to look at a part of all that there is, as a turn of the collector is.
	Part bool `json:"part,omitempty"`
	// Checked counts what was compared, by name.
	Checked map[string]int64 `json:"checked"`
	// Refused is why nothing is deleted, where that is so.
	Refused string `json:"refused,omitempty"`
	// Notes are what could not be checked, and why, and what is merely worth
	// knowing.
	Notes []string `json:"notes"`
}

// NewReport returns a report of these kinds of findings, in this order.
func NewReport(findings []Finding) *Report {
	for i := range findings {
		findings[i].Samples = []string{}
	}
	return &Report{Findings: findings, Checked: map[string]int64{}, Notes: []string{}}
}

// Of returns the finding of the kind; one that the report does not have is lost.
func (r *Report) Of(kind Kind) *Finding {
	for i := range r.Findings {
		if r.Findings[i].Kind == kind {
			return &r.Findings[i]
		}
	}
	return &Finding{Kind: kind}
}

// Found counts n things of a kind, and keeps their names as samples.
func (r *Report) Found(kind Kind, n int64, names ...string) {
	if f := r.Of(kind); n > 0 {
		f.Count += n
		f.Samples = append(f.Samples, names[:min(len(names), MaxSamples-len(f.Samples))]...)
	}
}

// Repaired counts n things of a kind that are no longer wrong.
func (r *Report) Repaired(kind Kind, n int64) { r.Of(kind).Repaired += n }

// Skip says why not all of these kinds was looked for.
func (r *Report) Skip(why string, kinds ...Kind) {
	for _, kind := range kinds {
		r.Of(kind).Skipped = true
	}
	r.Note(why)
}

// skipAll says that not all was looked for, of no kind.
func (r *Report) skipAll() {
	for i := range r.Findings {
		r.Findings[i].Skipped = true
	}
}

// Unrepaired says why what was found of a kind stays.
func (r *Report) Unrepaired(kind Kind, why string) { r.Of(kind).Unrepaired = why }

// add counts what another report has found.
func (r *Report) add(other Report) {
	for _, f := range other.Findings {
		r.Found(f.Kind, f.Count, f.Samples...)
		r.Repaired(f.Kind, f.Repaired)
		r.Of(f.Kind).Skipped = r.Of(f.Kind).Skipped || f.Skipped
	}
	for what, n := range other.Checked {
		r.Checked[what] += n
	}
}

// Note adds a note.
func (r *Report) Note(text string) { r.Notes = append(r.Notes, text) }
