package imagingtest

import (
	"bytes"
	"encoding/binary"
	"slices"

	"vitrine.dev/internal/fault"
)

// complexFiles are small and busy a decoder for long, by many parts of one
// kind. Those that keep the limits are rendered, or fail for what is in them.
func complexFiles() []attack {
	tooComplex := []fault.Reason{fault.TooComplex}
	tooMany := []fault.Reason{fault.TooManyPixels}
	mixed := []fault.Reason{fault.TooManyPixels, fault.UnsupportedType}
	avif := func(boxes ...[]byte) []byte { return withMeta(Fixture("photo.avif"), boxes...) }
	return []attack{
		{"jpeg of 20,000 empty scans", scansJPEG(64, 64, 20_000), tooComplex, false},
		{"jpeg of 101 scans", scansJPEG(64, 64, 100), tooComplex, false},
		{"jpeg of 100 scans", scansJPEG(64, 64, 99), nil, true},
		{"jpeg of 1,000 scans of everything", repeatedScan(1000), tooComplex, false},
		{"jpeg of 100,000 blocks of EXIF", inJPEG(bytes.Repeat(segment(markAPP1, []byte("x")), 100_000)), tooComplex, false},
		{"jpeg of 100,000 comments", inJPEG(bytes.Repeat(segment(markCOM, nil), 100_000)), tooComplex, false},
		{"jpeg of 30,000 blocks behind what cannot be repaired", unrepairable(slices.Concat(segment(markCOM, nil), []byte{0}, bytes.Repeat(segment(markAPP1, []byte("x")), 30_000))), tooComplex, false},
		{"jpeg of 1,900 blocks", inJPEG(bytes.Repeat(segment(markAPP1, []byte("x")), 1900)), nil, true},
		{"png of 33 texts that unpack to 7 MB", inPNG(bytes.Repeat(pngChunk("zTXt", append([]byte("a\x00\x00"), deflated(7<<20)...)), 33)), tooComplex, false},
		{"png of 32 texts that unpack to 7 MB", inPNG(bytes.Repeat(pngChunk("zTXt", append([]byte("a\x00\x00"), deflated(7<<20)...)), 32)), nil, true},
		{"png of 1,000 notes", inPNG(bytes.Repeat(pngChunk("iTXt", append([]byte("a\x00\x01\x00\x00\x00"), deflated(99)...)), 1000)), tooComplex, false},
		{"png of 1,000 profiles", inPNG(bytes.Repeat(pngChunk("iCCP", append([]byte("a\x00\x00"), deflated(999)...)), 1000)), tooComplex, false},
		{"png of 200,000 texts", inPNG(bytes.Repeat(pngChunk("tEXt", []byte("a\x00b")), 200_000)), nil, true},
		{"png of 200,000 empty chunks of pixels", inPNG(bytes.Repeat(pngChunk("IDAT", nil), 200_000)), nil, true},
		{"gif of 500,000 comments", inGIF("\x21\xfe\x00", 500_000), nil, true},
		{"gif of 100,000 delays", inGIF("\x21\xf9\x04\x00\x00\x00\x00\x00", 100_000), nil, true},
		{"webp of 30,000 frames", webpOf(10_000), tooMany, false},
		{"webp of 100,000 chunks", riff(Fixture("lossless.webp")[12:], bytes.Repeat(webpChunk("EVIL", nil), 100_000)), nil, true},
		{"webp of 200 frames that is no animation", riff(Fixture("lossless.webp")[12:], bytes.Repeat(webpChunk("ANMF", nil), 200)), mixed, false},
		{"tiff of 2,001 pages", tiffPages(2001, false), tooComplex, false},
		{"tiff of 2,000 pages", tiffPages(2000, false), nil, true},
		{"tiff of 60,000 pages", tiffPages(60_000, false), tooComplex, false},
		{"tiff of 70,000 strips", piecesTIFF(8, 70_000, 0), tooComplex, false},
		{"tiff of 60,000 strips", piecesTIFF(8, 60_000, 0), harmless(), true},
		{"tiff of 262,144 tiles", piecesTIFF(8192, 8192, 16), tooMany, false},
		{"tiff of 15,625 tiles of 16 × 16", piecesTIFF(2000, 1999, 16), nil, true},
		{"avif of 1,001 items", avif(isoBox("iinf", slices.Concat(make([]byte, 4), []byte{3, 0xE9}, bytes.Repeat(isoBox("infe", make([]byte, 12)), 1001)))), tooComplex, false},
		{"avif of 1,001 tiles", avif(isoReferences(isoTiles(1, 2, 1001))), tooComplex, false},
		{"avif of grids in grids", avif(isoReferences(isoTiles(1, 2, 30), isoTiles(2, 3, 30), isoTiles(3, 4, 30))), tooComplex, false},
		{"avif that is a tile of itself", avif(isoReferences(isoTiles(1, 2, 3), isoTiles(2, 1, 3))), tooComplex, false},
	}
}

// unrepairable is a JPEG with the bytes in its head and an unknown marker at its
// end, for which it is left as it is.
func unrepairable(head []byte) []byte {
	body := inJPEG(head)
	end := len(body) - 2
	return slices.Concat(body[:end], []byte{0xFF, 0x02}, body[end:])
}

// scansJPEG is a progressive picture of one colour whose scans after the first
// hold nothing: each goes over every pixel.
func scansJPEG(w, h uint16, scans int) []byte {
	size := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16([]byte{8}, h), w)
	codes := func(class byte) []byte { // one code of one bit, for 0
		return segment(markDHT, slices.Concat([]byte{class, 1}, make([]byte, 16)))
	}
	blocks := (int(w) + 7) / 8 * ((int(h) + 7) / 8)
	data := make([]byte, (blocks+7)/8) // that code for each block
	b := slices.Concat([]byte{0xFF, 0xD8},
		segment(markDQT, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)),
		segment(markSOF2, append(size, 1, 1, 0x11, 0)), codes(0x00), codes(0x10),
		segment(markSOS, []byte{1, 1, 0, 0, 0, 0}), data)
	for i := range scans {
		k := byte(1 + i%63)
		bits := byte(1)
		if i >= 63 {
			bits = 0x10
		}
		b = append(append(b, segment(markSOS, []byte{1, 1, 0, k, k, bits})...), data...)
	}
	return append(b, 0xFF, 0xD9)
}

// repeatedScan has the one scan of a baseline picture many times.
func repeatedScan(times int) []byte {
	body := JPEG(Picture(64, 48, 1), Quality)
	at := atMarker(body, markSOS)
	return slices.Concat(body[:at], bytes.Repeat(body[at:len(body)-2], times), body[len(body)-2:])
}

// inGIF puts blocks in front of a picture.
func inGIF(block string, times int) []byte {
	body := gifOf(9, 9, 1, 0, 0)
	return slices.Concat(body[:19], bytes.Repeat([]byte(block), times), body[19:])
}

// piecesTIFF is grey, in strips of one row or in square tiles, all of which are
// the same Deflate data.
func piecesTIFF(w, h, tile uint32) []byte {
	across, down, bytesOfPiece := uint32(1), h, w
	if tile > 0 {
		across, down, bytesOfPiece = (w+tile-1)/tile, (h+tile-1)/tile, tile*tile
	}
	data := zeros(int64(bytesOfPiece))
	body := append(tiffHead(0), data...)
	body = append(body, make([]byte, len(body)%2)...)
	pieces := int(across * down)
	repeat := func(v uint32) uint32 {
		at := uint32(len(body))
		for range pieces {
			body = binary.LittleEndian.AppendUint32(body, v)
		}
		return at
	}
	offsets, lengths := repeat(8), repeat(uint32(len(data)))
	fields := []ifdEntry{
		{256, tiffLong, 1, w}, {257, tiffLong, 1, h}, {258, tiffShort, 1, 8}, {259, tiffShort, 1, 8}, {262, tiffShort, 1, 1},
	}
	if tile > 0 {
		fields = append(fields, ifdEntry{277, tiffShort, 1, 1}, ifdEntry{322, tiffLong, 1, tile}, ifdEntry{323, tiffLong, 1, tile},
			ifdEntry{324, tiffLong, uint32(pieces), offsets}, ifdEntry{325, tiffLong, uint32(pieces), lengths})
	} else {
		fields = append(fields, ifdEntry{273, tiffLong, uint32(pieces), offsets}, ifdEntry{277, tiffShort, 1, 1},
			ifdEntry{278, tiffLong, 1, 1}, ifdEntry{279, tiffLong, uint32(pieces), lengths})
	}
	binary.LittleEndian.PutUint32(body[4:], uint32(len(body)))
	return append(body, ifd(0, fields...)...)
}

// isoBox is a box of an AVIF or HEIC file.
func isoBox(kind string, body []byte) []byte {
	return slices.Concat(binary.BigEndian.AppendUint32(nil, uint32(len(body)+8)), []byte(kind), body)
}

// isoTiles says that an item is put together of others: of the same one.
func isoTiles(item, of, times uint16) []byte {
	be := binary.BigEndian
	body := be.AppendUint16(be.AppendUint16(nil, item), times)
	for range times {
		body = be.AppendUint16(body, of)
	}
	return isoBox("dimg", body)
}

func isoReferences(boxes ...[]byte) []byte {
	return isoBox("iref", append(make([]byte, 4), bytes.Join(boxes, nil)...))
}

// withMeta appends boxes to the meta box of a file, whose offsets are wrong
// after it.
func withMeta(body []byte, boxes ...[]byte) []byte {
	at := bytes.Index(body, []byte("meta")) - 4
	end := at + int(binary.BigEndian.Uint32(body[at:]))
	more := bytes.Join(boxes, nil)
	body = slices.Insert(slices.Clone(body), end, more...)
	binary.BigEndian.PutUint32(body[at:], uint32(end-at+len(more)))
	return body
}
