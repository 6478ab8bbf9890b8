package gif

import (
	"bytes"
	"cmp"
	"compress/lzw"
	"encoding/binary"
	"fmt"
	"io"

	"vitrine.dev/internal/imaging/imagefile/structure"
)

// CompletePixels returns an error where a frame of a GIF has fewer pixels than
// it says, which decoders fill up as they like. It unpacks up to as many bytes
// as the frames have pixels, so the caller has to have limited those. Frames
// that do not lie on the screen are passed over.
func CompletePixels(src []byte) error {
	if len(src) < 13 {
		return nil
	}
	for at, frame := 13+tableLength(src[10]), 0; at < len(src); {
		n, err := blockLength(src[at:])
		if err != nil || src[at] == blockTrailer {
			return err
		}
		if block := src[at : at+n]; block[0] == blockImage {
			if err := completeFrame(src, block); err != nil {
				return fmt.Errorf("frame %d: %w", frame, err)
			}
			frame++
		}
		at += n
	}
	return nil
}

func completeFrame(screen, frame []byte) error {
	if !onScreen(screen, frame) {
		return nil
	}
	z, err := unpack(frame[10+tableLength(frame[9]):])
	if err != nil {
		return err
	}
	defer z.Close()
	le := binary.LittleEndian
	pixels := int64(le.Uint16(frame[5:])) * int64(le.Uint16(frame[7:]))
	if n, err := io.Copy(io.Discard, io.LimitReader(z, pixels)); n < pixels {
		return fmt.Errorf("%d of %d pixels: %w", n, pixels, cmp.Or(err, io.ErrUnexpectedEOF))
	}
	return nil
}

// Indices returns a reader of the colours of the pixels, row by row as they are
// stored.
func Indices(f structure.GIFFrame) (io.ReadCloser, error) { return unpack(f.Data) }

// unpack unpacks what stands behind the colours of a frame.
func unpack(data []byte) (io.ReadCloser, error) {
	if len(data) == 0 || data[0] < 2 || data[0] > 8 { // bits of a literal code
		return nil, structure.ErrBroken
	}
	return lzw.NewReader(&subBlocks{rest: data[1:]}, lzw.LSB, int(data[0])), nil
}

// subBlocks reads a chain of blocks, each with its length before it.
type subBlocks struct {
	rest []byte
	now  bytes.Reader
}

func (s *subBlocks) ReadByte() (byte, error) {
	for s.now.Len() == 0 {
		if len(s.rest) == 0 || s.rest[0] == 0 || len(s.rest) < 1+int(s.rest[0]) {
			return 0, io.EOF
		}
		n := int(s.rest[0])
		s.now.Reset(s.rest[1 : 1+n])
		s.rest = s.rest[1+n:]
	}
	return s.now.ReadByte()
}

// Read makes it an io.Reader; lzw reads byte by byte.
func (s *subBlocks) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	b, err := s.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = b
	return 1, nil
}
