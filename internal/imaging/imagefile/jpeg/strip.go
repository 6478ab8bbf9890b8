package jpeg

import "bytes"

// Strip copies the segments that make pixels: see imagefile.Strip.
func Strip(src []byte) ([]byte, error) {
	r, err := newReader(src)
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
