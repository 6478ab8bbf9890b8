package catalog

import (
	"errors"
	"fmt"
	"slices"

	"vitrine.dev/internal/fault"
)

// FieldAlts is the field of a row that describes its images, by their positions.
const FieldAlts = "image_alts"

// Row is one product of many that are sent together.
type Row struct {
	Sent

	// Alts say what the images show, by their positions, for those that do not see them;
	// nil leaves them as they are.
	Alts *[]string
}

// Mode says what rows may do.
type Mode string

// The modes.
const (
	Upsert     Mode = "upsert" // change the product of the external id, or create it
	CreateOnly Mode = "create" // only create
)

// Entry is a Row as a store of many products takes it: checked, but for what depends on
// the product that is there.
type Entry struct {
	ExternalID string // "": it is always created
	New        bool   // there must be no product of the external id
	// Images are the URLs that the row has, nil where it has none.
	Images []string
	// Create returns the product where there is none. fault.Invalid.
	Create func() (NewProduct, error)
	// Revise returns what the row makes of the product that is there. fault.Invalid.
	Revise func(old Product) (Revision, error)
}

// Outcome is what became of an Entry.
type Outcome string

// The outcomes.
const (
	Created    Outcome = "created"
	Updated    Outcome = "updated"
	Unchanged  Outcome = "unchanged"
	Rejected   Outcome = "failed"     // the errors say why
	Superseded Outcome = "superseded" // a later row of the external id has won
)

// Written is an Entry after it was written.
type Written struct {
	Outcome   Outcome
	ProductID int64 // 0 where there is none
	Images    int   // that are fetched for it: new ones, and failed ones once more
	Changed   Changed
	Err       error // why it was Rejected: fault.Invalid, or ErrExternalIDTaken
}

// Judged returns the row where it breaks no rule by itself, and else so many of its faults
// alone: what it holds, which may be any number of things, is given up.
func (r Row) Judged(most int) Row {
	bad := FieldsOf(r.judge(), "")
	if len(bad) == 0 {
		return r
	}
	return Row{Sent: Sent{Patch: Patch{FieldErrors: slices.Clone(bad[:min(len(bad), most)])}}}
}

func (r Row) judge() error {
	c := checker{slices.Clone(r.FieldErrors)}
	c.checkExternalID(r.ExternalID)
	if r.Alts != nil {
		c.checkAlts(*r.Alts)
	}
	r.FieldErrors = c.FieldErrors
	return r.Sent.check()
}

// Entry checks a row of the user. What it makes travels under the request id.
// fault.Invalid with every field at fault.
func (r Row) Entry(user int64, mode Mode, requestID string) (Entry, error) {
	if err := r.judge(); err != nil {
		return Entry{}, err
	}
	r.UserID = user
	e := Entry{ExternalID: r.ExternalID, New: mode == CreateOnly, Images: cleanURLs(given(r.Images, nil))}
	e.Create = func() (NewProduct, error) { return r.create(requestID) }
	e.Revise = func(old Product) (Revision, error) { return r.revise(old, requestID) }
	if e.New || e.ExternalID == "" { // else what is missing may be there
		_, err := e.Create()
		return e, err
	}
	return e, nil
}

func (r Row) create(requestID string) (NewProduct, error) {
	d := r.draft()
	c := checker{d.check()}
	n := NewProduct{
		UserID: d.UserID, Name: d.Name, Description: d.Description, Images: cleanURLs(d.Images), Price: d.Price,
		ExternalID: d.ExternalID, Metadata: d.Metadata, RequestID: requestID,
	}
	if r.Alts != nil {
		n.Alts = *r.Alts
		c.checkAltCount(len(n.Alts), len(n.Images))
	}
	return n, c.Err()
}

func (r Row) revise(old Product, requestID string) (Revision, error) {
	revision, err := r.revision(old)
	if err != nil {
		return Revision{}, err
	}
	if r.Alts != nil {
		var c checker
		if c.checkAltCount(len(*r.Alts), len(revision.Images)); len(c.FieldErrors) > 0 {
			return Revision{}, c.Err()
		}
		for i, alt := range *r.Alts {
			revision.Images[i].Alt = alt
		}
		revision = revision.compared(old)
	}
	revision.RequestID = requestID
	return revision, revision.check()
}

// Fetched is how many images are fetched for the revision.
func (r Revision) Fetched() int {
	n := len(r.Retry)
	for _, img := range r.Images {
		if img.ID == 0 {
			n++
		}
	}
	return n
}

func (c *checker) checkAlts(alts []string) {
	if len(alts) > MaxImages {
		c.Add(FieldAlts, fmt.Sprintf("must have at most %d entries, has %d", MaxImages, len(alts)))
		return
	}
	for i, alt := range alts {
		var inner checker
		inner.checkAlt(alt)
		for _, f := range inner.FieldErrors {
			c.Add(fmt.Sprintf("%s[%d]", FieldAlts, i), f.Reason)
		}
	}
}

func (c *checker) checkAltCount(alts, images int) {
	if alts > images {
		c.Add(FieldAlts, fmt.Sprintf("must have at most as many entries as there are images, which are %d", images))
	}
}

// FieldsOf are the errors of a row by its fields, under the name of the row where they are
// of no field.
func FieldsOf(err error, row string) fault.FieldErrors {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		if len(f.Fields) > 0 {
			return f.Fields
		}
		return fault.FieldErrors{{Name: row, Reason: f.Message}}
	}
	return nil
}
