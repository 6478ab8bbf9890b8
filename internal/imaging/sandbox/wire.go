package sandbox

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// engineInfo is what a child has opened, or why it could not.
type engineInfo struct {
	Recipe string `json:"recipe"`
	Engine string `json:"engine"`
	Error  string `json:"error,omitempty"`
}

// answer is an outcome without its files.
type answer struct {
	Width       int                `json:"width,omitempty"`
	Height      int                `json:"height,omitempty"`
	Placeholder string             `json:"placeholder,omitempty"`
	Files       []file             `json:"files,omitempty"` // the compressed one, then the variants
	Notes       []catalog.Note     `json:"notes,omitempty"`
	Parts       []media.RenderPart `json:"parts,omitempty"`

	Reason fault.Reason `json:"reason,omitempty"` // of a failure
	Detail string       `json:"detail,omitempty"`
	Cause  string       `json:"cause,omitempty"`
}

type file struct {
	Format      string `json:"format"`
	ContentType string `json:"content_type"`
	Width       int    `json:"width"`
	Height      int    `json:"height"`
	Bytes       int    `json:"bytes"`
}

// encodeHead returns the JSON of v behind its length: what bytes may follow.
func encodeHead(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil { // strings and integers always encode; the reader refuses an empty text
		text = nil
	}
	head := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(text)), uint32(len(text))) //nolint:gosec // a short text
	return append(head, text...)
}

// decodeHead reads the JSON into v and returns the bytes that follow it.
func decodeHead(payload []byte, v any) (rest []byte, err error) {
	if len(payload) < 4 {
		return nil, errors.New("a payload without a head")
	}
	length := binary.BigEndian.Uint32(payload)
	payload = payload[4:]
	if int64(length) > int64(len(payload)) {
		return nil, errors.New("a payload with half a head")
	}
	return payload[length:], json.Unmarshal(payload[:length], v)
}

// encodeOutcome returns the payload of an outcome, in parts.
func encodeOutcome(r media.Rendered, err error) [][]byte {
	a := answer{Width: r.Width, Height: r.Height, Placeholder: r.Placeholder, Notes: r.Notes, Parts: r.Parts}
	bodies := [][]byte{nil}
	if err != nil {
		a = answer{Reason: fault.DecoderCrashed, Detail: "The picture could not be processed.", Cause: err.Error()}
		if f, ok := fault.FailureOf(err); ok {
			a.Reason, a.Detail = f.Reason, f.Detail
		}
	} else {
		for _, e := range append([]media.Encoded{r.Compressed}, r.Variants...) {
			a.Files = append(a.Files, file{e.Format, e.ContentType, e.Width, e.Height, len(e.Body)})
			bodies = append(bodies, e.Body)
		}
	}
	bodies[0] = encodeHead(a)
	return bodies
}

// decodeOutcome returns what the child made, or the failure that it reports.
func decodeOutcome(payload []byte) (media.Rendered, error) {
	var a answer
	payload, err := decodeHead(payload, &a)
	if err != nil {
		return media.Rendered{}, fmt.Errorf("read outcome: %w", err)
	}
	if a.Reason != "" {
		return media.Rendered{}, fault.Fail(a.Reason, a.Detail, errors.New(a.Cause))
	}
	encoded := make([]media.Encoded, len(a.Files))
	for i, f := range a.Files {
		if f.Bytes < 0 || f.Bytes > len(payload) {
			return media.Rendered{}, fmt.Errorf("outcome with %d bytes of a file of %d", len(payload), f.Bytes)
		}
		encoded[i] = media.Encoded{
			Format: f.Format, ContentType: f.ContentType, Width: f.Width, Height: f.Height, Body: payload[:f.Bytes:f.Bytes],
		}
		payload = payload[f.Bytes:]
	}
	if len(encoded) == 0 || len(payload) > 0 {
		return media.Rendered{}, fmt.Errorf("outcome with %d files and %d bytes more", len(encoded), len(payload))
	}
	return media.Rendered{
		Width: a.Width, Height: a.Height, Placeholder: a.Placeholder, Compressed: encoded[0], Variants: encoded[1:],
		Notes: a.Notes, Parts: a.Parts,
	}, nil
}
