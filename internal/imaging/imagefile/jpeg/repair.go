package jpeg

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"sync"

	"vitrine.dev/internal/imaging/imagefile/structure"
)

const markTEM = 0x01

// Repair repairs what libjpeg, and so every browser, merely warns of (see
// JWRN_… in its jerror.h):
//
//   - bytes between segments that belong to none of them, as after an APP
//     segment whose length is too small, and restart markers between them;
//   - scans of sequential pictures that do not say that they hold coefficients
//     0 to 63 in full, as those of many phones;
//   - a version of JFIF, and a colour transform of Adobe, that no one knows;
//   - codes that are missing, as in the frames of Motion JPEG: those of the
//     standard are meant;
//   - an end that is missing, where all scans are there: see coefficients.
//
// Entropy-coded data is not touched. A file with anything else that is wrong
// between its segments is returned as it is.
func Repair(src []byte) (repaired []byte, ended bool) {
	r := &repairer{src: src, edit: structure.Editor{Src: src}}
	if !r.run() {
		return src, false
	}
	out := r.edit.Result()
	if r.adobe > 0 { // what is right depends on the frame, which comes later
		want := byte(1) // YCbCr
		if r.frame.components == 4 {
			want = 2 // YCCK
		}
		if out[r.adobe] != 0 && out[r.adobe] != want {
			if len(out) > 0 && &out[0] == &src[0] {
				out = bytes.Clone(out)
			}
			out[r.adobe] = want
		}
	}
	return out, r.ended
}

// standardCodes is a DHT segment with the tables K.3 to K.6 of ITU-T T.81, which
// the encoder of the standard library writes.
//
//nolint:gochecknoglobals // computed once
var standardCodes = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewYCbCr(image.Rect(0, 0, 1, 1), image.YCbCrSubsampleRatio444), nil); err != nil {
		return nil // a buffer takes every byte
	}
	r, err := newReader(b.Bytes())
	for err == nil {
		var s segment
		if s, err = r.next(); s.marker == markDHT {
			return s.raw
		}
	}
	return nil
})

// repairer is one pass over a file.
type repairer struct {
	src   []byte
	at    int
	edit  structure.Editor
	frame frameHeader
	scans coefficients
	adobe int  // where the colour transform is in the result; 0 for nowhere
	codes bool // there are Huffman tables
	ended bool // an end was added
}

// run reports whether the result of the edits is to be used.
func (r *repairer) run() bool {
	r.at = 2
	for {
		marker, ok := r.marker()
		switch {
		case !ok:
			return r.end()
		case marker == markEOI:
			return true
		}
		if marker == markSOS && !r.codes && r.frame.sequential() && r.frame.coding() == "" {
			r.edit.Replace(r.at, r.at, standardCodes()...)
			r.codes = true
		}
		body, ok := r.segment(marker)
		if !ok {
			return false
		}
		switch {
		case isSOF(marker):
			if r.frame, ok = parseFrameHeader(marker, body); !ok || r.scans.any {
				return false
			}
		case marker == markAPP0 && bytes.HasPrefix(body, []byte(jfifName)) && len(body) >= 14 && body[5] != 1:
			major := r.at - len(body) + 5
			r.edit.Replace(major, major+1, 1)
		case marker == markAPP14 && bytes.HasPrefix(body, []byte(adobeName)) && len(body) >= 12:
			r.adobe = r.edit.Position(r.at - len(body) + 11)
		case marker == markDHT:
			r.codes = true
		case marker == markSOS && !r.scan(body):
			return r.end()
		}
	}
}

// marker finds the next marker and leaves out what stands before it. Those
// without parameters, but for the end, are left out too.
func (r *repairer) marker() (marker byte, ok bool) {
	stray := false
	for at := r.at; ; {
		i := bytes.IndexByte(r.src[at:], 0xFF)
		if i < 0 {
			return 0, false
		}
		stray = stray || i > 0
		at += i
		next := at + 1
		for next < len(r.src) && r.src[next] == 0xFF { // fill bytes
			next++
		}
		if next == len(r.src) {
			return 0, false
		}
		switch marker = r.src[next]; {
		case marker == 0, marker == markTEM, marker >= markRST0 && marker <= markRST7:
			stray = true
			at = next + 1
			continue
		}
		if stray {
			r.edit.Replace(r.at, next-1)
		}
		r.at = next - 1
		return marker, true
	}
}

// segment passes over the segment at hand and returns its parameters.
func (r *repairer) segment(marker byte) (body []byte, ok bool) {
	application := marker >= markAPP0 && marker <= markAPP15 || marker == markCOM
	known := application || isSOF(marker) || marker == markDHT || marker == markDAC || marker == markSOS ||
		marker == markDQT || marker == markDNL || marker == markDRI
	if !known || len(r.src)-r.at < 4 {
		return nil, false
	}
	start := r.at
	size := int(binary.BigEndian.Uint16(r.src[r.at+2:]))
	if size < 2 && application { // it does not count itself
		r.edit.Replace(start, start+4)
		r.at += 4
		return nil, true
	}
	if size < 2 || size > len(r.src)-r.at-2 {
		return nil, false
	}
	r.at += 2 + size
	if marker == markDNL && r.frame.height > 0 { // it repeats the height of the picture
		r.edit.Replace(start, r.at)
	}
	return r.src[start+4 : r.at], true
}

// scan repairs the head of a scan and passes over its data. False says that the
// file ends with it.
func (r *repairer) scan(body []byte) bool {
	s, ok := parseScanHeader(body)
	if ok && r.frame.sequential() {
		tail := r.at - 3
		if s.first != 0 || s.last != 63 || s.high != 0 || s.low != 0 {
			r.edit.Replace(tail, r.at, 0, 63, 0)
		}
		s.first, s.last, s.high, s.low = 0, 63, 0, 0
	}
	r.scans.add(s)
	length, err := scanLength(r.src[r.at:])
	if err != nil {
		r.at = len(r.src)
		return false
	}
	r.at += length
	return true
}

// end adds the end, where nothing else is missing.
func (r *repairer) end() bool {
	if r.at != len(r.src) || !r.scans.complete(r.frame) {
		return false
	}
	r.edit.Replace(len(r.src), len(r.src), 0xFF, markEOI)
	r.ended = true
	return true
}
