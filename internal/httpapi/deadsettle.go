package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
)

func (a *api) replayDeadLetters(w http.ResponseWriter, r *http.Request) error {
	return a.settleDeadLetters(w, r, failures.Replay)
}

func (a *api) discardDeadLetters(w http.ResponseWriter, r *http.Request) error {
	return a.settleDeadLetters(w, r, failures.Discard)
}

func (a *api) settleDeadLetters(w http.ResponseWriter, r *http.Request, action failures.Action) error {
	order, err := decodeBody(a, r, decodeOrder, "Accept-Post", typeJSON)
	if err != nil {
		return err
	}
	order.Action = action
	out, err := a.DeadLetters.Apply(r.Context(), order)
	if err != nil {
		return fmt.Errorf("%s dead letters: %w", action, err)
	}
	if out.Job != nil {
		w.Header().Set("Location", deadJobPath(out.Job.ID))
		return writeJSON(w, http.StatusAccepted, wireDeadJob(*out.Job))
	}
	answer := settled{Matched: out.Matched, Done: out.Done, DryRun: order.DryRun, Skipped: []skipped{}}
	for _, s := range out.Skipped {
		answer.Skipped = append(answer.Skipped, skipped{ID: s.ID.String(), Reason: s.Reason})
	}
	return writeJSON(w, http.StatusOK, answer)
}

func deadJobPath(id int64) string { return "/dead-letters/jobs/" + strconv.FormatInt(id, 10) }

// decodeOrder reads the body of a replay or a discard. Faults of form are in
// the order, for the rules to add theirs.
func decodeOrder(body []byte) (failures.Request, error) {
	o, err := readObject(body)
	if err != nil {
		return failures.Request{}, err
	}
	raw, byIDs := o.fields[failures.FieldIDs]
	order := failures.Request{
		ByIDs:  byIDs && !isNull(raw),
		IDs:    optional(o, failures.FieldIDs, readDeadIDs),
		Filter: optional(o, failures.FieldFilter, readDeadFilter),
		All:    optional(o, failures.FieldAll, readBool),
		DryRun: optional(o, failures.FieldDryRun, readBool),
		Rate:   optional(o, failures.FieldRate, readRate),
	}
	o.refuseRest(nil)
	order.FieldErrors = o.errors
	return order, nil
}

func readBool(o *object, name string, raw json.RawMessage) (b bool) {
	if kind := kindOf(raw); kind != "a boolean" {
		o.errors.Add(name, "must be true or false, not "+kind)
		return false
	}
	return string(raw) == "true"
}

// readRate reads a rate; 0, which stands for none, is refused when it is given.
func readRate(o *object, name string, raw json.RawMessage) int64 {
	n := readInteger(o, name, raw)
	if n < 1 {
		o.errors.Add(name, integerReason(failures.MaxRate))
	}
	return n
}

// readDeadIDs reads an array of ids; each entry has faults of its own.
func readDeadIDs(o *object, name string, raw json.RawMessage) []failures.ID {
	var entries []json.RawMessage
	if kind := kindOf(raw); kind != "an array" || json.Unmarshal(raw, &entries) != nil {
		o.errors.Add(name, "must be an array of ids such as image-42, not "+kind)
		return nil
	}
	ids := make([]failures.ID, 0, min(len(entries), failures.MaxIDs+1))
	for i, entry := range entries {
		if len(ids) > failures.MaxIDs || o.errors.Full() {
			break // the rules refuse so many; none is read in vain
		}
		field := fmt.Sprintf("%s[%d]", name, i)
		text := ""
		if entry[0] == '"' {
			text = readText(o, field, entry)
		}
		id, ok := failures.ParseID(text)
		if !ok {
			o.errors.Add(field, "must be an id such as image-42 or message-7")
		}
		ids = append(ids, id)
	}
	return ids
}

// readDeadFilter reads the object that a list has as its query.
func readDeadFilter(o *object, name string, raw json.RawMessage) *failures.Filter {
	if kind := kindOf(raw); kind != "an object" {
		o.errors.Add(name, "must be an object, not "+kind)
		return &failures.Filter{}
	}
	inner, err := readObject(raw)
	if err != nil { // it was read before as a part of the body
		o.errors.Add(name, "must be an object")
		return &failures.Filter{}
	}
	f := &failures.Filter{
		Reason:       fault.Reason(optional(inner, failures.FieldReason, readText)),
		Host:         optional(inner, failures.FieldHost, readText),
		UserID:       optional(inner, failures.FieldUserID, readDeadNumber),
		ProductID:    optional(inner, failures.FieldProductID, readDeadNumber),
		FailedAfter:  optional(inner, failures.FieldFailedAfter, readTime),
		FailedBefore: optional(inner, failures.FieldFailedBefore, readTime),
	}
	inner.refuseRest(nil)
	o.errors.AddAll(name+".", inner.errors)
	return f
}

// readDeadNumber reads the id of a user or product. 0 would select all of
// them, so it is refused when it is given.
func readDeadNumber(o *object, name string, raw json.RawMessage) int64 {
	n := readInteger(o, name, raw)
	if n == 0 {
		n = -1 // which the rules refuse
	}
	return n
}

func readTime(o *object, name string, raw json.RawMessage) time.Time {
	s := readText(o, name, raw)
	t, ok := parseTime(s)
	if !ok {
		o.errors.Add(name, timeReason)
		return time.Time{}
	}
	return t
}
