package imagefile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrCannotStrip says that the format is none that Strip knows.
var ErrCannotStrip = errors.New("metadata of this format cannot be stripped")

// Strip returns a copy of a JPEG, PNG, GIF or WebP file with the same pixels
// and none of its metadata: no EXIF, XMP, IPTC, ICC profile, comment, thumbnail
// or bytes after the end. Whoever strips an orientation or a profile that
// matters changes how the picture looks; see Info. The copy is never larger.
// An error says that the file is broken or of another format.
func Strip(src []byte) ([]byte, error) {
	strip := map[Format]func([]byte) ([]byte, error){
		JPEG: stripJPEG, PNG: stripPNG, GIF: stripGIF, WebP: stripWebP,
	}[Sniff(src)]
	if strip == nil {
		return nil, ErrCannotStrip
	}
	out, err := strip(src)
	if err != nil {
		return nil, fmt.Errorf("strip metadata: %w", err)
	}
	return out, nil
}

func stripJPEG(src []byte) ([]byte, error) {
	r, err := newJPEGReader(src)
	if err != nil {
		return nil, err
	}
	out := append(make([]byte, 0, len(src)), src[:2]...)
	for {
		s, err := r.next()
		if err != nil {
			return nil, err
		}
		switch m := s.marker; {
		case m == markEOI:
			return append(out, s.raw...), nil
		case isSOF(m), m == markDHT, m == markDAC, m == markSOS, m == markDQT, m == markDNL, m == markDRI:
			out = append(out, s.raw...)
		case m == markAPP0 && bytes.HasPrefix(s.body, []byte(jfifName)) && len(s.body) >= 14:
			out = append(out, plainJFIF()...)
		case m == markAPP14 && bytes.HasPrefix(s.body, []byte(adobeName)) && len(s.body) >= 12:
			// It says which colour space the components are in.
			out = append(out, 0xFF, markAPP14, 0, 14)
			out = append(out, s.body[:12]...)
		}
	}
}

// plainJFIF says that the components are YCbCr or grey, and nothing more.
func plainJFIF() []byte {
	return []byte("\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")
}

func stripPNG(src []byte) ([]byte, error) {
	out := append(make([]byte, 0, len(src)), src[:len(pngSignature)]...)
	animated := PNGAnimation(src) != nil
	for rest := src[len(pngSignature):]; ; {
		c, after, err := nextPNG(rest)
		if err != nil {
			return nil, err
		}
		rest = after
		switch c.name {
		case "acTL", "fcTL", "fdAT":
			if animated {
				out = append(out, c.raw...)
			}
		case "IHDR", "PLTE", "tRNS", "IDAT":
			out = append(out, c.raw...)
		case "IEND":
			return append(out, c.raw...), nil
		}
	}
}

func stripWebP(src []byte) ([]byte, error) {
	rest, err := webpChunks(src)
	if err != nil {
		return nil, err
	}
	out := append(make([]byte, 0, len(src)), src[:12]...)
	image := false
	for len(rest) > 0 {
		c, after, err := nextWebP(rest)
		if err != nil {
			return nil, err
		}
		rest = after
		switch c.name {
		case "VP8X":
			out, err = appendHead(out, c)
		case "ALPH", "ANIM":
			out = append(out, c.raw...)
		case "VP8 ", "VP8L":
			image = true
			out = append(out, c.raw...)
		case "ANMF":
			image = true
			out, err = appendFrame(out, c)
		}
		if err != nil {
			return nil, err
		}
	}
	if !image {
		return nil, errStructure
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8)) //nolint:gosec // no longer than src, whose length fits
	return out, nil
}

// appendHead appends the chunk that announces the others, without what is not
// there any more. A picture with neither alpha nor frames does without it.
func appendHead(out []byte, head webpChunk) ([]byte, error) {
	if len(head.body) < 10 {
		return nil, errStructure
	}
	flags := head.body[0] &^ (webpXMP | webpEXIF | webpProfile)
	if flags&(webpAlpha|webpAnimation) == 0 {
		return out, nil
	}
	at := len(out) + 8
	out = append(out, head.raw...)
	out[at] = flags
	return out, nil
}

// appendFrame appends a frame of an animation without the unknown chunks that
// may stand in it.
func appendFrame(out []byte, frame webpChunk) ([]byte, error) {
	const head = 16
	if len(frame.body) < head {
		return nil, errStructure
	}
	start := len(out)
	out = append(out, frame.raw[:8+head]...)
	for rest := frame.body[head:]; len(rest) > 0; {
		c, after, err := nextWebP(rest)
		if err != nil {
			return nil, err
		}
		rest = after
		if c.name == "ALPH" || c.name == "VP8 " || c.name == "VP8L" {
			out = append(out, c.raw...)
		}
	}
	binary.LittleEndian.PutUint32(out[start+4:], uint32(len(out)-start-8)) //nolint:gosec // no longer than src
	return out, nil
}
