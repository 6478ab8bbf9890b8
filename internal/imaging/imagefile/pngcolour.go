package imagefile

import (
	"encoding/binary"
	"math"
)

// pngChunks are the bodies of the chunks that say something of the colours.
type pngChunks map[string][]byte

// keep takes a chunk that stands before the pixels.
func (c pngChunks) keep(name string, body []byte) {
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
func (c pngChunks) profile() (profile []byte, assigned bool) {
	const colourBit = 2
	head := c["IHDR"]
	grey := len(head) >= 10 && head[9]&colourBit == 0
	if space, ok := codedSpace(c["cICP"]); ok {
		return space.profile(grey), true
	}
	if body, ok := c["iCCP"]; ok {
		if profile := pngProfile(body); profile != nil {
			return profile, false
		}
	}
	if _, ok := c["sRGB"]; ok {
		return nil, false
	}
	if space, ok := measuredSpace(c["gAMA"], c["cHRM"]); ok {
		profile := space.profile(grey)
		return profile, profile != nil
	}
	return nil, false
}

// codedSpace reads cICP: four code points of ITU-T H.273. PQ and HLG are not
// obeyed, since there is no one way to show a high dynamic range on other
// screens; nor is the narrow range of television.
func codedSpace(body []byte) (s colourSpace, ok bool) {
	const identity, full = 0, 1
	if len(body) != 4 || body[2] != identity || body[3] != full {
		return s, false
	}
	primaries, known := codedPrimaries(body[0])
	transfer, usual := codedTransfer(body[1])
	return colourSpace{primaries: primaries, transfer: transfer, sRGB: body[0] == 1 && body[1] == codedSRGB},
		known && usual
}

// pngScale is what gAMA and cHRM multiply their numbers by.
const pngScale = 100_000

// measuredSpace reads gAMA and cHRM. As in Chromium the one of them that is
// missing is as in sRGB.
func measuredSpace(gAMA, cHRM []byte) (s colourSpace, ok bool) {
	s = colourSpace{primaries: sRGBPrimaries(), transfer: sRGBLight, sRGB: true}
	if len(gAMA) == 4 {
		if gamma := binary.BigEndian.Uint32(gAMA); gamma > 0 && !nearSRGB(gamma) {
			s.transfer, s.sRGB = gammaLight(pngScale/float64(gamma)), false
			ok = true
		}
	}
	if len(cHRM) == 32 {
		var c chromaticities
		for i := range 8 {
			c[i/2][i%2] = float64(binary.BigEndian.Uint32(cHRM[4*i:])) / pngScale
		}
		if !c.near(sRGBPrimaries()) {
			s.primaries, s.sRGB = c, false
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
func (c chromaticities) near(other chromaticities) bool {
	for i := range c {
		for k := range c[i] {
			if math.Abs(c[i][k]-other[i][k]) > 0.01 {
				return false
			}
		}
	}
	return true
}
