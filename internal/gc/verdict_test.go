package gc

import "testing"

// TestVerdict: a report is clean only where all that there is was compared and nothing is left, and its words say the same.
func TestVerdict(t *testing.T) {
	t.Parallel()
	wrong, repaired := Finding{Kind: OrphanObject, Count: 3, Repaired: 2}, Finding{Kind: OrphanObject, Count: 3, Repaired: 3}
	skipped := Finding{Kind: MissingObject, Skipped: true}
	for name, c := range map[string]struct {
		run              Run
		all, clean, left bool
		words            string
	}{
		"nothing":               {Run{}, true, true, false, "Nothing is wrong"},
		"left out":              {Run{Report: Report{Findings: []Finding{skipped}}}, false, false, false, "Nothing is wrong in what was compared"},
		"a part":                {Run{Report: Report{Part: true}}, false, false, false, "Nothing is wrong in what was compared"},
		"repaired":              {Run{Report: Report{Findings: []Finding{repaired}}}, true, true, false, "All that was wrong is repaired"},
		"repaired, left out":    {Run{Report: Report{Findings: []Finding{repaired, skipped}}}, false, false, false, "All that was wrong in what was compared is repaired"},
		"left":                  {Run{Report: Report{Findings: []Finding{wrong}}}, true, false, true, "Differences are left"},
		"left, left out":        {Run{Report: Report{Findings: []Finding{wrong, skipped}}}, false, false, true, "Differences are left"},
		"stopped":               {Run{Failure: "It was stopped."}, false, false, false, "Not finished"},
		"a turn that may not":   {Run{Task: TaskCollector, Failure: "Nothing was looked at.", Report: Report{Refused: "it is another's", Part: true}}, false, false, false, "Deletes nothing"},
		"an fsck that may not":  {Run{Task: TaskFsck, Report: Report{Refused: "it is another's", Findings: []Finding{skipped}}}, false, false, false, "Nothing is wrong in what was compared"},
		"stopped, as in a part": {Run{Failure: "It was stopped.", Report: Report{Findings: []Finding{wrong}}}, false, false, true, "Not finished"},
	} {
		r := &c.run
		if r.ComparedAll() != c.all || r.Clean() != c.clean || r.Report.Left() > 0 != c.left || r.Verdict() != c.words {
			t.Errorf("%s: compared all %t, clean %t, %d left, %q", name, r.ComparedAll(), r.Clean(), r.Report.Left(), r.Verdict())
		}
		if r.Finished() && (r.ComparedAll() != r.Report.ComparedAll() || r.Clean() != r.Report.Clean()) {
			t.Errorf("%s: the run says something else than its report", name)
		}
	}
}
