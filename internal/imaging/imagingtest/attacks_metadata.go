package imagingtest

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"vitrine.dev/internal/fault"
)

// segment is a marker of a JPEG with its body.
func segment(marker byte, body []byte) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{0xFF, marker}, uint16(len(body)+2)), body...)
}

// inJPEG puts segments in front of a picture.
func inJPEG(segments ...[]byte) []byte {
	body := JPEG(Picture(64, 48, 1), Quality)
	return slices.Concat(body[:2], bytes.Join(segments, nil), body[2:])
}

// inPNG puts chunks in front of a picture.
func inPNG(chunks ...[]byte) []byte {
	body := PNG(Picture(64, 48, 1))
	return slices.Concat(body[:33], bytes.Join(chunks, nil), body[33:])
}

// inWebP puts chunks behind a picture.
func inWebP(flags byte, chunks ...[]byte) []byte {
	src := Fixture("lossless.webp")
	head := make([]byte, 10)
	head[0] = flags
	// The size of a lossless picture: 14 bits each.
	bits := binary.LittleEndian.Uint32(src[21:])
	w, h := bits&0x3FFF, bits>>14&0x3FFF
	copy(head[4:], []byte{byte(w), byte(w >> 8), 0, byte(h), byte(h >> 8), 0})
	return riff(append([][]byte{webpChunk("VP8X", head), src[12:]}, chunks...)...)
}

// profile is a part of an ICC profile as JPEG stores it.
func profile(number, of byte, body []byte) []byte {
	return segment(0xE2, append([]byte("ICC_PROFILE\x00"), append([]byte{number, of}, body...)...))
}

// absurdICC has a header that is right in all but what it says.
func absurdICC(claimed, tags uint32, length int) []byte {
	b := make([]byte, max(length, 132))
	binary.BigEndian.PutUint32(b, claimed)
	copy(b[12:], "mntrRGB XYZ ")
	copy(b[36:], "acsp")
	binary.BigEndian.PutUint32(b[128:], tags)
	for i := 132; i+12 <= len(b); i += 12 { // each tag lies at the tags
		copy(b[i:], "rXYZ")
		binary.BigEndian.PutUint32(b[i+4:], 128)
		binary.BigEndian.PutUint32(b[i+8:], 1<<32-1)
	}
	return b
}

// deflated is so many zeros.
func deflated(n int) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, err := z.Write(make([]byte, n))
	must(err)
	must(z.Close())
	return b.Bytes()
}

// absurdEXIF are EXIF blocks that lead astray.
func absurdEXIF() map[string][]byte {
	oriented := func(value uint32) []byte {
		return append(tiffHead(8), ifd(0, ifdEntry{0x0112, tiffShort, 1, value})...)
	}
	crowd := make([]ifdEntry, 5000)
	for i := range crowd {
		crowd[i] = ifdEntry{uint16(i), tiffLong, 1, 8}
	}
	return map[string][]byte{
		"nothing":                      {},
		"no directory":                 tiffHead(8),
		"a directory far off":          tiffHead(1<<32 - 1),
		"a directory at the head":      tiffHead(0),
		"a directory that is its next": append(tiffHead(8), ifd(8, ifdEntry{0x0112, tiffShort, 1, 6})...),
		"a directory in itself":        append(tiffHead(8), ifd(0, ifdEntry{0x8769, tiffLong, 1, 8}, ifdEntry{0x8825, tiffLong, 1, 8})...),
		"4 billion values":             append(tiffHead(8), ifd(0, ifdEntry{0x0112, tiffShort, 1<<32 - 1, 6})...),
		"values far off":               append(tiffHead(8), ifd(0, ifdEntry{0x010E, 2, 1 << 20, 1<<32 - 9})...),
		"an unknown kind":              append(tiffHead(8), ifd(0, ifdEntry{0x0112, 99, 1, 6})...),
		"orientation 0":                oriented(0),
		"orientation 9":                oriented(9),
		"orientation 65,535":           oriented(65535),
		"5,000 entries":                append(tiffHead(8), ifd(0, crowd...)...),
		"more entries than it has":     append(tiffHead(8), 0xFF, 0xFF),
		"another order":                []byte("XX*\x00\x08\x00\x00\x00"),
	}
}

// metadataAttacks are good pictures with metadata that no decoder may trust.
func metadataAttacks() []attack {
	var list []attack
	add := func(name string, body []byte, renders bool) {
		a := attack{name: name, body: body, renders: true}
		if !renders {
			a.fails = []fault.Reason{fault.DecodeFailed, fault.UnsupportedType}
		}
		list = append(list, a)
	}
	for name, block := range absurdEXIF() {
		add("jpeg, exif with "+name, inJPEG(segment(0xE1, append([]byte("Exif\x00\x00"), block[:min(len(block), 65000)]...))), true)
		add("png, exif with "+name, inPNG(pngChunk("eXIf", block)), true)
		add("webp, exif with "+name, inWebP(0x08, webpChunk("EXIF", block)), false)
	}
	garbage := bytes.Repeat([]byte{0xA5, 0x5A, 0x00}, 20_000)
	for name, icc := range map[string][]byte{
		"nothing": {}, "garbage": garbage, "a header alone": absurdICC(132, 0, 132), "4 GB": absurdICC(1<<32-1, 1, 200),
		"4 billion tags": absurdICC(500, 1<<32-1, 500), "5,000 tags that overlap": absurdICC(60_132, 5000, 60_132),
	} {
		add("jpeg, icc of "+name, inJPEG(profile(1, 1, icc)), true)
		add("webp, icc of "+name, inWebP(0x20, webpChunk("ICCP", icc)), false)
		var packed bytes.Buffer
		z := zlib.NewWriter(&packed)
		_, err := z.Write(icc)
		must(err)
		must(z.Close())
		add("png, icc of "+name, inPNG(pngChunk("iCCP", append([]byte("p\x00\x00"), packed.Bytes()...))), false)
	}
	var parts, comments [][]byte
	for i := range 255 {
		parts = append(parts, profile(byte(i+1), 255, garbage))
		comments = append(comments, segment(0xFE, []byte(strings.Repeat(foreign, 100))))
	}
	const inflated = 256 << 20
	bomb := deflated(inflated)
	for name, body := range map[string][]byte{
		"jpeg, icc in 255 parts":          inJPEG(parts...),
		"jpeg, icc of which a part lacks": inJPEG(profile(1, 3, garbage), profile(3, 3, garbage)),
		"jpeg, icc part 0 of 0":           inJPEG(profile(0, 0, garbage)),
		"jpeg, 255 comments":              inJPEG(comments...),
		"jpeg, xmp":                       inJPEG(segment(0xE1, []byte("http://ns.adobe.com/xap/1.0/\x00"+strings.Repeat(foreign, 1000)))),
		"jpeg, an empty segment":          inJPEG(segment(0xE1, nil)),
		"jpeg, cut photoshop":             inJPEG(segment(0xED, []byte("Photoshop 3.0\x008BIM\x04\x04\x00\x00\xff\xff\xff\xff"))),
		"jpeg, cut adobe":                 inJPEG(segment(0xEE, []byte("Adobe"))),
	} {
		add(name, body, true)
	}
	for name, body := range map[string][]byte{
		fmt.Sprintf("png, icc of %d MB", inflated>>20):  inPNG(pngChunk("iCCP", append([]byte("p\x00\x00"), bomb...))),
		fmt.Sprintf("png, text of %d MB", inflated>>20): inPNG(pngChunk("zTXt", append([]byte("p\x00\x00"), bomb...))),
		fmt.Sprintf("png, note of %d MB", inflated>>20): inPNG(pngChunk("iTXt", append([]byte("p\x00\x01\x00\x00\x00"), bomb...))),
		"png, 3,000 texts":               inPNG(slices.Repeat([][]byte{pngChunk("tEXt", []byte("p\x00"+foreign))}, 3000)...),
		"png, text without a name":       inPNG(pngChunk("tEXt", nil), pngChunk("zTXt", nil), pngChunk("iTXt", nil), pngChunk("iCCP", nil)),
		"png, palette of nothing":        inPNG(pngChunk("PLTE", nil)),
		"png, palette of 300":            inPNG(pngChunk("PLTE", make([]byte, 900))),
		"png, transparency of nothing":   inPNG(pngChunk("tRNS", nil)),
		"png, gamma of 0":                inPNG(pngChunk("gAMA", make([]byte, 4))),
		"png, an unknown critical chunk": inPNG(pngChunk("EVIL", []byte(foreign))),
		"png, two headers":               inPNG(PNG(Picture(9, 9, 1))[8:33]),
		"png, a chunk that lies":         inPNG([]byte("\xff\xff\xff\xfftEXt")),
		"webp, a chunk that lies":        inWebP(0x08, []byte("EXIF\xff\xff\xff\xff")),
		"webp, announces what is not":    inWebP(0x3E),
		"webp, an unknown chunk":         inWebP(0, webpChunk("EVIL", []byte(foreign))),
		"jpeg, a segment that lies":      inJPEG([]byte{0xFF, 0xE1, 0xFF, 0xFF}),
		"jpeg, a segment of length 0":    inJPEG([]byte{0xFF, 0xE1, 0, 0}),
		"jpeg, no table of quantisation": bytes.ReplaceAll(inJPEG(), []byte{0xFF, 0xDB}, []byte{0xFF, 0xFE}),
		"jpeg, no Huffman table":         bytes.ReplaceAll(inJPEG(), []byte{0xFF, 0xC4}, []byte{0xFF, 0xFE}),
		"jpeg, ends before it begins":    {0xFF, 0xD8, 0xFF, 0xD9},
		"jpeg, nothing but fill":         append([]byte{0xFF, 0xD8}, bytes.Repeat([]byte{0xFF}, 100_000)...),
	} {
		add(name, body, false)
	}
	return list
}
