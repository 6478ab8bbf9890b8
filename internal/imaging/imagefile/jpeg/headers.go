package jpeg

import "encoding/binary"

// frameHeader is what the header of a frame says.
type frameHeader struct {
	marker        byte
	precision     byte // bits of a sample
	width, height int
	components    int
	ids           [4]byte
}

// parseFrameHeader reads the parameters of SOFn. It is false for what no decoder
// reads: no component, or more than four.
func parseFrameHeader(marker byte, body []byte) (f frameHeader, ok bool) {
	if len(body) < 6 {
		return f, false
	}
	f = frameHeader{
		marker: marker, precision: body[0], components: int(body[5]),
		height: int(binary.BigEndian.Uint16(body[1:])), width: int(binary.BigEndian.Uint16(body[3:])),
	}
	if f.components < 1 || f.components > len(f.ids) || len(body) < 6+3*f.components {
		return f, false
	}
	for i := range f.components {
		f.ids[i] = body[6+3*i]
	}
	return f, true
}

// sequential reports whether each scan holds whole coefficients.
func (f frameHeader) sequential() bool { return f.marker&3 < 2 && f.marker < markSOF0+12 }

// scanHeader is what the header of a scan says.
type scanHeader struct {
	ids         []byte // of the components in it
	first, last int    // coefficient
	high, low   int    // bit, of those that are known and of this scan
}

// parseScanHeader reads the parameters of SOS.
func parseScanHeader(body []byte) (s scanHeader, ok bool) {
	if len(body) < 4 || len(body) != 4+2*int(body[0]) {
		return s, false
	}
	for i := range int(body[0]) {
		s.ids = append(s.ids, body[1+2*i])
	}
	tail := body[len(body)-3:]
	s.first, s.last = int(tail[0]), int(tail[1])
	s.high, s.low = int(tail[2]>>4), int(tail[2]&15)
	return s, true
}

// coefficients keeps account of what the scans of a picture hold.
type coefficients struct {
	any  bool
	bits map[byte]*[64]int8 // of each component and coefficient one more than the lowest bit that is known
}

func (s *coefficients) add(scan scanHeader) {
	s.any = true
	if s.bits == nil {
		s.bits = make(map[byte]*[64]int8)
	}
	for _, id := range scan.ids {
		if s.bits[id] == nil {
			s.bits[id] = new([64]int8)
		}
		for k := scan.first; k <= scan.last && k < 64; k++ {
			s.bits[id][k] = int8(scan.low) + 1 //nolint:gosec // of four bits
		}
	}
}

// complete reports whether the scans hold every bit of every coefficient, so
// that none can be missing. It is false for arithmetic coding too, whose
// decoders cannot recognise data that ends early.
func (s *coefficients) complete(f frameHeader) bool {
	if f.components == 0 || f.marker > markSOF0+2 {
		return false
	}
	for _, id := range f.ids[:f.components] {
		bits := s.bits[id]
		if bits == nil {
			return false
		}
		for _, b := range bits {
			if b != 1 {
				return false
			}
		}
	}
	return true
}
