package imports

import (
	"strconv"
	"time"

	"vitrine.dev/internal/bulk"
	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

// Chunk is what one transaction takes of a file: rows of which no two have the same external id.
type Chunk struct {
	From, To rows.Position
	Lines    []Line
	End      bool // there is nothing behind To
}

// Line is a row of a Chunk.
type Line struct {
	Number     int64 // where it begins in the file, from 1
	ExternalID string
	Entry      *catalog.Entry    // nil: it is at fault by itself
	Errors     fault.FieldErrors // then
}

// Result is what became of a row.
type Result struct {
	Line       int64
	ExternalID string // "" for none
	ProductID  int64  // 0 for none
	Outcome    catalog.Outcome
	Errors     fault.FieldErrors
	ImageCounts
}

// Entries are what is written of a chunk; earlier is as of Take. What a row before has created,
// a later one may change.
func (c Chunk) Entries(earlier map[string]Result) []catalog.Entry {
	var list []catalog.Entry
	for _, l := range c.Lines {
		if l.Entry != nil {
			e := *l.Entry
			e.New = e.New && earlier[e.ExternalID].Outcome != catalog.Created
			list = append(list, e)
		}
	}
	return list
}

// ExternalIDs are those of the Entries that have one.
func (c Chunk) ExternalIDs() []string {
	var list []string
	for _, l := range c.Lines {
		if l.Entry != nil && l.ExternalID != "" {
			list = append(list, l.ExternalID)
		}
	}
	return list
}

// Awaits reports whether the chunk is what the import takes next. It is not where another process has
// taken it, and where the import was cancelled since its rows were read.
func (i *Import) Awaits(c Chunk) bool { return i.reads() && i.At == c.From }

// Take takes a chunk into the import: written are its Entries after they were written, in the
// phase Writing, and earlier the last results of their external ids, of rows before. It returns
// the results of the chunk, and of which earlier rows the result is now that they are superseded:
// what those have done the later ones have.
func (i *Import) Take(c Chunk, written []catalog.Written, earlier map[string]Result, now time.Time) (results []Result, superseded []int64) {
	for _, l := range c.Lines {
		r := Result{Line: l.Number, ExternalID: l.ExternalID, Outcome: catalog.Rejected, Errors: l.Errors}
		if l.Entry != nil && i.Phase == Writing {
			r = l.result(written[0])
			written = written[1:]
			if before, twice := earlier[l.ExternalID]; twice && l.ExternalID != "" && r.Outcome != catalog.Rejected {
				i.count(before, -1)
				i.Superseded++
				superseded = append(superseded, before.Line)
				r = r.inherits(before)
			}
		}
		if i.Read++; l.Entry == nil || i.Phase == Writing {
			i.count(r, 1)
			results = append(results, r)
		}
	}
	i.paced(int64(len(c.Lines)), now)
	if i.At = c.To; c.End {
		i.next()
	}
	return results, superseded
}

// next moves an import to the phase after that of its rows.
func (i *Import) next() {
	switch {
	case i.Phase == Writing:
		i.Phase, i.Speed = Images, 0
	case i.Failed > 0 && i.Policy == bulk.All && !i.DryRun:
		i.Phase = Refused
	case i.DryRun:
		i.Phase = Ended
	default: // the rows are read again, and written
		i.Phase, i.At, i.Counts, i.Speed = Writing, i.Head.First, Counts{}, 0
	}
}

// Looked notes that images of the import have come so far: by is what the counts have changed by.
// round says that the end of those that wait was reached.
func (i *Import) Looked(by ImageCounts, round bool, now time.Time) {
	i.ImageCounts = i.ImageCounts.Plus(by, 1)
	if i.Phase != Images && i.Phase != Cancelling {
		return
	}
	i.paced(by.ImagesReady+by.ImagesFailed, now)
	switch {
	case !round || i.ImagesWaiting > 0:
	case i.Phase == Images:
		i.Phase = Ended
	default:
		i.Phase = Cancelled
	}
}

// first is the phase that an import begins with.
func (s Settings) first() Phase {
	if s.DryRun || s.Policy == bulk.All {
		return Validating
	}
	return Writing
}

func (l Line) result(w catalog.Written) Result {
	r := Result{Line: l.Number, ExternalID: l.ExternalID, ProductID: w.ProductID, Outcome: w.Outcome}
	r.ImagesWaiting = int64(w.Images)
	if w.Err != nil {
		r.Errors = faults(catalog.FieldsOf(w.Err, rows.FieldRow))
	}
	return r
}

// inherits is the result of a row of which an earlier one has written the same product: all
// images of the product that the import asked for are of the last one.
func (r Result) inherits(before Result) Result {
	if before.Outcome == catalog.Created || r.Outcome == catalog.Unchanged {
		r.Outcome = before.Outcome
	}
	r.ImagesWaiting += before.ImagesWaiting + before.ImagesReady + before.ImagesFailed
	return r
}

func faults(all fault.FieldErrors) fault.FieldErrors { return all[:min(len(all), bulk.MaxRowErrors)] }

func requestID(id int64) string { return "import-" + strconv.FormatInt(id, 10) }
