package png

import (
	"encoding/binary"
	"math"

	"vitrine.dev/internal/imaging/imagefile/icc"
)

// colourChunks are the bodies of the chunks that say something of the colours.
type colourChunks map[string][]byte

// keep takes a chunk that stands before the pixels.
func (c colourChunks) keep(name string, body []byte) {
	switch name {
	case "IHDR", "cICP", "iCCP", "sRGB", "gAMA", "cHRM":
		if _, twice := c[name]; !twice {
			c[name] = body
		}
	}
}

// profile returns the ICC profile of the picture, nil for sRGB. It is assigned
// where it stands for other chunks than iCCP. Which of them counts is the order
// of the PNG specification, third edition, section 4.3: cICP, iCCP, sRGB, gAMA
// with cHRM. A chunk that cannot be read or obeyed is as if it were not there.
func (c colourChunks) profile() (profile []byte, assigned bool) {
	const colourBit = 2
	head := c["IHDR"]
	grey := len(head) >= 10 && head[9]&colourBit == 0
	if space, ok := codedSpace(c["cICP"]); ok {
		return space.Profile(grey), true
	}
	if body, ok := c["iCCP"]; ok {
		if profile := unpackProfile(body); profile != nil {
			return profile, false
		}
	}
	if _, ok := c["sRGB"]; ok {
		return nil, false
	}
	if space, ok := measuredSpace(c["gAMA"], c["cHRM"]); ok {
		profile := space.Profile(grey)
		return profile, profile != nil
	}
	return nil, false
}

// codedSpace reads cICP: four code points of ITU-T H.273. PQ and HLG are not
// obeyed, since there is no one way to show a high dynamic range on other
// screens; nor is the narrow range of television.
func codedSpace(body []byte) (s icc.Space, ok bool) {
	const identity, full = 0, 1
	if len(body) != 4 || body[2] != identity || body[3] != full {
		return s, false
	}
	primaries, known := icc.CodedPrimaries(body[0])
	transfer, usual := icc.CodedTransfer(body[1])
	return icc.Space{Primaries: primaries, Transfer: transfer, SRGB: body[0] == 1 && body[1] == icc.CodedSRGB},
		known && usual
}

// scale is what gAMA and cHRM multiply their numbers by.
const scale = 100_000

// measuredSpace reads gAMA and cHRM. As in Chromium the one of them that is
// missing is as in sRGB.
func measuredSpace(gAMA, cHRM []byte) (s icc.Space, ok bool) {
	s = icc.Space{Primaries: icc.SRGBPrimaries(), Transfer: icc.SRGBTransfer, SRGB: true}
	if len(gAMA) == 4 {
		if gamma := binary.BigEndian.Uint32(gAMA); gamma > 0 && !nearSRGB(gamma) {
			s.Transfer, s.SRGB = icc.Gamma(scale/float64(gamma)), false
			ok = true
		}
	}
	if len(cHRM) == 32 {
		var c icc.Chromaticities
		for i := range 8 {
			c[i/2][i%2] = float64(binary.BigEndian.Uint32(cHRM[4*i:])) / scale
		}
		if !near(c, icc.SRGBPrimaries()) {
			s.Primaries, s.SRGB = c, false
			ok = true
		}
	}
	return s, ok
}

// nearSRGB reports whether the gamma is that of sRGB for all that can be seen:
// within 5 %, the threshold of libpng. Many programs write 45455 into every
// picture.
func nearSRGB(gamma uint32) bool {
	const sRGB, percent = 45455, 5
	return math.Abs(float64(gamma)-sRGB) <= sRGB*percent/100
}

// near reports whether no coordinate differs by more than a hundredth.
func near(c, other icc.Chromaticities) bool {
	for i := range c {
		for k := range c[i] {
			if math.Abs(c[i][k]-other[i][k]) > 0.01 {
				return false
			}
		}
	}
	return true
}
