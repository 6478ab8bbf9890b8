package imagingtest

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"slices"
	"strings"
	"testing"

	"vitrine.dev/internal/fault"
)

// oddity is a file that is not as its format demands.
type oddity struct {
	name  string
	body  []byte
	shows image.Image // as in every browser; nil: it is refused by every engine
}

// oddities renders files that are not as they should be, of which every engine
// has to think the same.
func (s suite) oddities(t *testing.T) {
	t.Helper()
	r := s.renderer(t)
	for _, o := range slices.Concat(jpegOddities(), pngOddities(), otherOddities()) {
		t.Run(strings.ReplaceAll(o.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			if o.shows == nil {
				expectFailure(t, r, o.body, fault.DecodeFailed, fault.UnsupportedType)
				return
			}
			before := bytes.Clone(o.body)
			out := s.render(t, r, o.body)
			checkColours(t, out.Compressed.Body, o.shows, MaxDifference)
			if !bytes.Equal(before, o.body) {
				t.Error("the source was written to")
			}
			// What is odd about it hides nothing that is missing.
			expectFailure(t, r, o.body[:len(o.body)*3/4], fault.DecodeFailed)
		})
	}
}

// atMarker returns where the first segment with the marker begins.
func atMarker(body []byte, marker byte) int {
	at := 2
	for body[at+1] != marker {
		at += 2 + int(binary.BigEndian.Uint16(body[at+2:]))
	}
	return at
}

// before puts bytes in front of the first segment with the marker.
func before(body []byte, marker byte, what ...byte) []byte {
	return slices.Insert(slices.Clone(body), atMarker(body, marker), what...)
}

// withScan changes the last three bytes of each scan's head: first and last
// coefficient, bits.
func withScan(body []byte, tail ...byte) []byte {
	body = slices.Clone(body)
	at := atMarker(body, 0xDA)
	copy(body[at+2+int(binary.BigEndian.Uint16(body[at+2:]))-3:], tail)
	return body
}

// changed is body with a byte at the place.
func changed(body []byte, at int, b byte) []byte {
	body = slices.Clone(body)
	body[at] = b
	return body
}

const (
	markSOF0, markSOF2, markDHT, markSOS, markDQT = 0xC0, 0xC2, 0xC4, 0xDA, 0xDB
	markDNL, markAPP0, markAPP1, markAPP14        = 0xDC, 0xE0, 0xE1, 0xEE
	markCOM                                       = 0xFE
)

func jpegOddities() []oddity {
	photo := Picture(FixtureWidth, FixtureHeight, 1)
	plain, progressive := JPEG(photo, Quality), Fixture("progressive.jpg")
	jfif := segment(markAPP0, []byte("JFIF\x00\x02\x01\x00\x00\x01\x00\x01\x00\x00"))
	adobe := segment(markAPP14, []byte("Adobe\x00\x64\x00\x00\x00\x00\x07"))
	exif := WithEXIF(plain, 1, true)
	short := func(by byte) []byte { return changed(exif, 5, exif[5]-by) } // its length is too small
	height := []byte{byte(FixtureHeight >> 8), FixtureHeight}
	end := len(plain) - 2
	list := []oddity{
		{"jpeg whose scan says that it has one coefficient", withScan(plain, 0, 0, 0), photo},
		{"jpeg whose scan says nothing", withScan(plain, 63, 0, 0), photo},
		{"jpeg whose scan says that bits are missing", withScan(plain, 0, 63, 0x21), photo},
		{
			"extended jpeg whose scan says that it has one coefficient",
			withScan(changed(plain, atMarker(plain, markSOF0)+1, 0xC1), 0, 0, 0), photo,
		},
		{"jpeg whose scan and segments are odd", before(withScan(plain, 0, 0, 0), markDHT, 0, 0, 0xFF, 0, 9), photo},
		{"jpeg with an EXIF length that is 4 too small", short(4), photo},
		{"jpeg with an EXIF length that is 16 too small", short(16), photo},
		{"jpeg with a comment of length 0", before(plain, markDQT, 0xFF, markCOM, 0, 0), photo},
		{"jpeg with a block of length 1", before(plain, markDQT, 0xFF, markAPP1, 0, 1), photo},
		{"jpeg with JFIF 2.1", before(plain, markDQT, jfif...), photo},
		{"jpeg with an unknown transform of Adobe", before(plain, markDQT, adobe...), photo},
		{"jpeg with both, and stray bytes", before(plain, markDQT, slices.Concat(jfif, []byte{1, 2, 3}, adobe, []byte{4})...), photo},
		{"jpeg that says its height again", slices.Concat(plain[:end], segment(markDNL, height), plain[end:]), photo},
		{"jpeg with a last restart", slices.Concat(plain[:end], []byte{0xFF, 0xD0}, plain[end:]), photo},
		{"jpeg with fill bytes at its end", slices.Concat(plain[:end], bytes.Repeat([]byte{0xFF}, 9), plain[end:]), photo},
		{"jpeg without codes", withoutCodes(plain), photo},
		{"jpeg without codes, with stray bytes", before(withoutCodes(plain), markSOS, 7, 7), photo},
		{"jpeg without its end", plain[:end], photo},
		{"jpeg with half its end", plain[:end+1], photo},
		{"progressive jpeg without its end", progressive[:len(progressive)-2], photo},
		{"jpeg with bytes after its end", slices.Concat(plain, []byte("more\xff\xd8\xff\xda")), photo},
		{"progressive jpeg without its last scan", withoutLastScan(progressive), nil},
		{"jpeg with two beginnings", before(plain, markDQT, 0xFF, 0xD8), nil},
		{"jpeg with an unknown segment", before(plain, markDQT, 0xFF, 0x02, 0, 2), nil},
		{"jpeg with a table of length 0", before(plain, markDQT, 0xFF, markDQT, 0, 0), nil},
		{"jpeg without its last byte of pixels", slices.Concat(plain[:end-2], plain[end:]), nil},
	}
	for name, marker := range map[string]byte{"tables": markDQT, "frame": markSOF0, "codes": markDHT, "scan": markSOS} {
		for what, stray := range map[string][]byte{
			"a zero": {0}, "text": []byte("a few words"), "a stuffed byte": {0xFF, 0}, "a restart": {0xFF, 0xD3},
			"a marker of nothing": {0xFF, 0x01}, "fill bytes": {0xFF, 0xFF, 0xFF},
		} {
			list = append(list, oddity{"jpeg with " + what + " before its " + name, before(exif, marker, stray...), photo})
		}
	}
	stray := before(before(progressive, markSOS, 0xFF, 0, 7), markSOF2, 1, 2)
	return append(list, oddity{"progressive jpeg with stray bytes", stray, photo})
}

// withoutCodes drops the tables of a JPEG that are those of the standard.
func withoutCodes(body []byte) []byte {
	at := atMarker(body, markDHT)
	return slices.Delete(slices.Clone(body), at, at+2+int(binary.BigEndian.Uint16(body[at+2:])))
}

// withoutLastScan cuts a JPEG where its last scan begins.
func withoutLastScan(body []byte) []byte {
	return body[:bytes.LastIndex(body, []byte{0xFF, markSOS})]
}

func withoutLast(body []byte) []byte { return body[:len(body)-1] }

func pngOddities() []oddity {
	photo := Picture(64, 48, 1)
	grey := Grey(photo)
	plain := PNG(photo)
	damaged := func(name, text string) []byte {
		chunk := pngChunk(name, []byte(text))
		chunk[len(chunk)-1] ^= 1
		return chunk
	}
	inside := func(body []byte, chunks ...[]byte) []byte {
		return slices.Concat(body[:33], bytes.Join(chunks, nil), body[33:])
	}
	palette := paletted(photo)
	wide := image.NewNRGBA(photo.Rect)
	for i := range wide.Pix {
		wide.Pix[i] = photo.Pix[i]
	}
	wide.SetNRGBA(30, 20, color.NRGBA{R: 250, G: 140, B: 20, A: 254})
	end := len(plain) - 12
	behindPalette := func(chunk []byte) []byte {
		body := PNG(palette)
		at := bytes.Index(body, []byte("IDAT")) - 4
		return slices.Concat(body[:at], chunk, body[at:])
	}
	list := []oddity{
		{"png with bytes after its end", append(slices.Clone(plain), "more"...), photo},
		{"png without its end", plain[:end], photo},
		{"png with part of its end", plain[:end+5], photo},
		{"png with a damaged chunk and no end", inside(plain[:end], damaged("tEXt", "a\x00b")), photo},
		{"png with a damaged chunk behind its pixels", slices.Concat(plain[:end], damaged("tIME", "1234567"), plain[end:]), photo},
		{"png of grey with a palette", inside(PNG(grey), pngChunk("PLTE", make([]byte, 9))), grey},
		{"png of grey with transparency of a colour", inside(PNG(grey), pngChunk("tRNS", make([]byte, 6))), grey},
		{"png of colours with transparency of a grey", inside(plain, pngChunk("tRNS", make([]byte, 2))), photo},
		{"png with alpha and transparency", inside(PNG(wide), pngChunk("tRNS", make([]byte, 6))), photo},
		{"png with more transparency than colours", behindPalette(pngChunk("tRNS", bytes.Repeat([]byte{255}, 250))), palette},
		{"png with no transparency", behindPalette(pngChunk("tRNS", nil)), palette},
		{"png with empty chunks of pixels", inside(plain, pngChunk("IDAT", nil), pngChunk("IDAT", nil)), photo},
		{"png with a profile that is none", inside(plain, pngChunk("iCCP", []byte("x\x00\x00nothing"))), photo},
		{"png with sRGB of no intent", inside(plain, pngChunk("sRGB", nil)), photo},
		{"png with gamma 0", inside(plain, pngChunk("gAMA", make([]byte, 4))), photo},
		{"png with a short chromaticity", inside(plain, pngChunk("cHRM", make([]byte, 5))), photo},
		{"png with unknown chunks", inside(plain, pngChunk("abCd", []byte("x")), pngChunk("viTr", nil)), photo},
		{"png with damaged pixels", damagedPixels(plain), nil},
		{"png with an unknown chunk that matters", inside(plain, pngChunk("ABCD", nil)), nil},
	}
	for _, name := range []string{"tEXt", "zTXt", "iTXt", "iCCP", "sRGB", "gAMA", "cHRM", "pHYs", "tIME", "eXIf", "bKGD", "acTL", "viTr"} {
		list = append(list, oddity{"png with a damaged " + name, inside(plain, damaged(name, "abcdefghi")), photo})
	}
	return list
}

// damagedPixels has a wrong checksum after its pixels.
func damagedPixels(body []byte) []byte {
	at := bytes.Index(body, []byte("IDAT"))
	n := int(binary.BigEndian.Uint32(body[at-4:]))
	sum := crc32.ChecksumIEEE(body[at : at+4+n])
	body = slices.Clone(body)
	binary.BigEndian.PutUint32(body[at+4+n:], ^sum)
	return body
}

func otherOddities() []oddity {
	photo := Picture(FixtureWidth, FixtureHeight, 1)
	palette := paletted(photo)
	gif, webp := GIF(photo), Fixture("photo.webp")
	return []oddity{
		{"gif without its end", withoutLast(withGIFComment(gif)), palette},
		{"gif with bytes after its end", append(slices.Clone(gif), "more"...), palette},
		{"gif with an unknown extension", slices.Concat(gif[:len(gif)-1], []byte("\x21\x42\x01x\x00"), gif[len(gif)-1:]), palette},
		{"webp with bytes after its end", append(slices.Clone(webp), "more"...), photo},
	}
}
