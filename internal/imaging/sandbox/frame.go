package sandbox

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// kind is what the payload of a frame is.
type kind byte

const (
	configure kind = 'c'
	ready     kind = 'h'
	render    kind = 'r'
	cost      kind = '#'
	admit     kind = 'a'
	full      kind = 'f'
	dropped   kind = 'd'
	outcome   kind = 'o'
)

// maxFrame is the longest payload that is read, in bytes: far above what
// pictures within their limits become.
const maxFrame = 512 << 20

// reserveOfChild is how many bytes of a payload from a child are reserved before they come: it may be under a picture's control.
const reserveOfChild = 1 << 20

// headBytes is the length of what stands before the payload.
const headBytes = 5

// writeFrame writes a frame whose payload comes in parts.
func writeFrame(w io.Writer, k kind, parts ...[]byte) error {
	length := 0
	for _, p := range parts {
		length += len(p)
	}
	if length > maxFrame {
		return fmt.Errorf("a frame of %d bytes is longer than %d", length, maxFrame)
	}
	head := append(make([]byte, 0, headBytes), byte(k))
	head = binary.BigEndian.AppendUint32(head, uint32(length))
	if _, err := w.Write(head); err != nil {
		return fmt.Errorf("write frame: %w", err)
	}
	for _, p := range parts {
		if _, err := w.Write(p); err != nil {
			return fmt.Errorf("write frame: %w", err)
		}
	}
	return nil
}

// readFrame reads one frame. Beyond reserve, in bytes, memory grows with what comes and not with what the length
// announces. io.EOF where the other side has closed between frames.
func readFrame(r io.Reader, reserve uint32) (kind, []byte, error) {
	var head [headBytes]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	length := binary.BigEndian.Uint32(head[1:])
	if length > maxFrame {
		return 0, nil, fmt.Errorf("a frame announces %d bytes, at most %d are read", length, maxFrame)
	}
	payload := make([]byte, min(length, reserve))
	n, err := io.ReadFull(r, payload)
	if err == nil && length > reserve {
		all := bytes.NewBuffer(payload)
		_, err = io.CopyN(all, r, int64(length-reserve))
		payload, n = all.Bytes(), all.Len()
	}
	if err != nil {
		return 0, nil, fmt.Errorf("frame ends after %d of %d bytes: %w", n, length, io.ErrUnexpectedEOF)
	}
	return kind(head[0]), payload, nil
}
