package products

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/form"
)

// readOnly takes the fields that no request changes, and returns what finds those that are not
// what they are of the thing, as clients are shown it; nil where none was sent. before returns
// the thing as it may have been read, and which of the fields are not to be looked at.
func readOnly[T any](
	o *form.Object, reasons map[string]string, before func(form.Kept, T) (T, func(string) bool), encode func(T) ([]byte, error),
) func(T) fault.FieldErrors {
	kept := form.TakeKept(o, reasons)
	if !kept.Any() {
		return nil
	}
	return func(now T) fault.FieldErrors {
		read, skip := before(kept, now)
		current, err := encode(read)
		if err != nil { // what cannot be shown is not what was sent
			current = nil
		}
		return kept.Differing(current, skip)
	}
}

// readBefore is of a product that was read before the progress of its images that it
// shows now, with no edit since. What was read of that progress is not looked at: who sends
// it back means the edit.
func readBefore(k form.Kept, now catalog.Product) (read catalog.Product, skip func(name string) bool) {
	version, _ := strconv.ParseInt(string(k.Sent("version")), 10, 64)
	revision, err := strconv.ParseInt(string(k.Sent("revision")), 10, 64)
	progressed := version == now.Version && err == nil && revision >= 1 && revision < now.Revision
	listed := func(name string) bool { return name == fieldCounts || name == fieldCover }
	switch {
	case progressed:
		return now, func(name string) bool {
			return listed(name) || name == "images" || name == "compressed_product_images" || name == "revision"
		}
	case version == now.Version && listedBefore(k.Sent(fieldCounts), now.Summary().Images):
		return now, listed
	}
	var images []work
	if len(k.Sent("images")) > 0 && json.Unmarshal(k.Sent("images"), &images) == nil && len(images) == len(now.Images) {
		now.Images = slices.Clone(now.Images)
		for i, sent := range images {
			now.Images[i] = sent.of(now.Images[i])
		}
	}
	return now, nothing
}

// listedBefore reports whether the images of a product may have been counted so in a list, which names no
// revision, before they progressed.
func listedBefore(counts jsontext.Value, now catalog.Counts) bool {
	var sent wire.ImageCounts
	if len(counts) == 0 || json.Unmarshal(counts, &sent) != nil {
		return false
	}
	return min(sent.Pending, sent.Ready, sent.Failed) >= 0 && sent.Pending+sent.Ready+sent.Failed == sent.Total &&
		sent.Total == now.Total() && sent != wireCounts(now)
}

func wireCounts(c catalog.Counts) wire.ImageCounts {
	return wire.ImageCounts{Pending: c.Pending, Ready: c.Ready, Failed: c.Failed, Total: c.Total()}
}

// imageReadBefore is readBefore of an image, which says when it progressed or was edited.
func imageReadBefore(k form.Kept, now catalog.Image) (read catalog.Image, skip func(name string) bool) {
	text, err := jsontext.AppendUnquote(nil, k.Sent("updated_at"))
	updated, ok := httpkit.ParseTime(string(text))
	if err == nil && ok && !updated.Before(now.CreatedAt) && updated.Before(now.UpdatedAt) {
		return now, func(name string) bool { return name != "id" && name != catalog.FieldSourceURL && name != "created_at" }
	}
	var sent work
	if json.Unmarshal(k.Sent("status"), &sent.Status) == nil && json.Unmarshal(k.Sent("attempts"), &sent.Attempts) == nil {
		now = sent.of(now)
	}
	return now, func(name string) bool { return name == "waiting" && unfinished(now.Status) } // nor does it change when that does
}

func nothing(string) bool { return false }

// work is what an image shows of the work on it, which begins, and is lost with its worker, without
// that the image or its product counts as changed.
type work struct {
	Status   catalog.Status `json:"status"`
	Attempts int            `json:"attempts"`
}

// of returns the image as it was read, where that may be of it before its work began.
func (w work) of(now catalog.Image) catalog.Image {
	if unfinished(now.Status) && unfinished(w.Status) && w.Attempts >= 0 && w.Attempts <= now.Attempts {
		now.Status, now.Attempts = w.Status, w.Attempts
	}
	return now
}

func unfinished(s catalog.Status) bool { return s == catalog.Pending || s == catalog.Processing }
