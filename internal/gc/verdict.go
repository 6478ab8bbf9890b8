package gc

import "slices"

// LeftOut reports whether it has left out something that it was to look at.
func (r *Report) LeftOut() bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Skipped })
}

// ComparedAll reports whether all that there is was compared: of every kind, and not only a part.
func (r *Report) ComparedAll() bool { return !r.Part && !r.LeftOut() }

// Left returns how many of the things that were found are still wrong.
func (r *Report) Left() (n int64) {
	for _, f := range r.Findings {
		n += max(0, f.Count-f.Repaired)
	}
	return n
}

// Clean reports whether all that there is was compared, and nothing is wrong any more.
func (r *Report) Clean() bool { return r.ComparedAll() && r.Left() == 0 }

// Verdict says in words, without a full stop, what it found.
func (r *Report) Verdict() string {
	of := ""
	if !r.ComparedAll() {
		of = " in what was compared"
	}
	switch {
	case r.Left() > 0:
		return "Differences are left"
	case slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Repaired > 0 }):
		return "All that was wrong" + of + " is repaired"
	default:
		return "Nothing is wrong" + of
	}
}

// ComparedAll is the report's; false for a run that did not come to its end.
func (r *Run) ComparedAll() bool { return r.Finished() && r.Report.ComparedAll() }

// Clean is the report's; false for a run that did not come to its end.
func (r *Run) Clean() bool { return r.Finished() && r.Report.Clean() }

// Verdict is the report's, where the run came to its end.
func (r *Run) Verdict() string {
	switch {
	case r.Finished():
		return r.Report.Verdict()
	case r.Task == TaskCollector && r.Report.Refused != "":
		return "Deletes nothing"
	default:
		return "Not finished"
	}
}
