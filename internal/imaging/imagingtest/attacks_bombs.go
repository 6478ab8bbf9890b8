package imagingtest

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"slices"

	"vitrine.dev/internal/fault"
)

// bombSide makes 900 megapixels of a square.
const bombSide = 30_000

func pngChunk(name string, data []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	out = append(append(out, name...), data...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// BombPNG claims to have w by h pixels and has next to none.
func BombPNG(w, h uint32) []byte {
	body := PNG(image.NewGray(image.Rect(0, 0, 1, 1)))
	head := binary.BigEndian.AppendUint32(nil, w)
	head = binary.BigEndian.AppendUint32(head, h)
	head = append(head, 8, 0, 0, 0, 0)
	out := append([]byte(nil), body[:8]...)
	out = append(out, pngChunk("IHDR", head)...)
	return append(out, body[33:]...)
}

// BombJPEG claims another size in the frame header of a picture.
func BombJPEG(body []byte, w, h uint16) []byte {
	body = slices.Clone(body)
	for i := 2; i+9 < len(body) && body[i] == 0xFF; i += 2 + int(binary.BigEndian.Uint16(body[i+2:])) {
		if m := body[i+1]; m == 0xC0 || m == 0xC2 {
			binary.BigEndian.PutUint16(body[i+5:], h)
			binary.BigEndian.PutUint16(body[i+7:], w)
		}
	}
	return body
}

// BombGIF claims another size for its screen and its first frame.
func BombGIF(w, h uint16) []byte {
	body := GIF(Picture(8, 8, 1))
	le := binary.LittleEndian
	le.PutUint16(body[6:], w)
	le.PutUint16(body[8:], h)
	at := 13 + 3<<(body[10]&7+1) // the table of colours
	for body[at] != 0x2C {       // the first frame
		at++
	}
	le.PutUint16(body[at+5:], w)
	le.PutUint16(body[at+7:], h)
	return body
}

// bombWebP claims a canvas of another size than that of the picture in it.
func bombWebP(w, h uint32) []byte {
	head := make([]byte, 10)
	put24 := func(b []byte, n uint32) { b[0], b[1], b[2] = byte(n), byte(n>>8), byte(n>>16) }
	put24(head[4:], w-1)
	put24(head[7:], h-1)
	return riff(webpChunk("VP8X", head), Fixture("lossless.webp")[12:])
}

// lossyWebP claims the most that a frame of VP8 can have.
func lossyWebP() []byte {
	body := slices.Clone(Fixture("photo.webp"))
	at := bytes.Index(body, []byte("\x9d\x01\x2a")) + 3
	binary.LittleEndian.PutUint16(body[at:], 16383)
	binary.LittleEndian.PutUint16(body[at+2:], 16383)
	return body
}

func webpChunk(name string, body []byte) []byte {
	out := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(body)))
	out = append(out, body...)
	return append(out, make([]byte, len(body)%2)...)
}

func riff(chunks ...[]byte) []byte {
	body := bytes.Join(chunks, nil)
	out := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body)+4))
	return append(append(out, "WEBP"...), body...)
}

// bombISO claims another size in every ispe box of an AVIF or HEIC file.
func bombISO(body []byte, w, h uint32) []byte {
	body = slices.Clone(body)
	for at := 0; ; {
		i := bytes.Index(body[at:], []byte("ispe"))
		if i < 0 {
			return body
		}
		at += i + 8
		binary.BigEndian.PutUint32(body[at:], w)
		binary.BigEndian.PutUint32(body[at+4:], h)
	}
}

// bombs are small files that announce what would not fit into memory.
func bombs() []attack {
	tooMany := []fault.Reason{fault.TooManyPixels}
	odd := harmless() // where the announcement contradicts something else
	bmp := append([]byte("BM\x46\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00"),
		"\x30\x75\x00\x00\x30\x75\x00\x00\x01\x00\x18\x00"...)
	small := JPEG(Picture(64, 48, 1), Quality)
	return []attack{
		{"png of 30,000²", BombPNG(bombSide, bombSide), tooMany, false},
		{"png of 2³¹−1 squared", BombPNG(1<<31-1, 1<<31-1), odd, false},
		{"png of 2³² − 1", BombPNG(1<<32-1, 1<<32-1), odd, false},
		{"png with no width", BombPNG(0, 9), odd, false},
		{"png as wide as can be", BombPNG(1<<31-1, 1), odd, false},
		{"png as tall as can be", BombPNG(1, 1<<31-1), odd, false},
		{"png just below the limit", BombPNG(2000, 1999), []fault.Reason{fault.DecodeFailed}, false},
		{"jpeg of 30,000²", BombJPEG(small, bombSide, bombSide), tooMany, false},
		{"jpeg of 65,535²", BombJPEG(small, 65535, 65535), odd, false},
		{"jpeg with no height", BombJPEG(small, 64, 0), odd, false},
		{"progressive jpeg of 30,000²", BombJPEG(Fixture("progressive.jpg"), bombSide, bombSide), tooMany, false},
		{"jpeg just below the limit", BombJPEG(small, 2000, 1999), []fault.Reason{fault.DecodeFailed}, false},
		{"gif of 30,000²", BombGIF(bombSide, bombSide), tooMany, false},
		{"gif of 65,535²", BombGIF(65535, 65535), tooMany, false},
		{"gif just below the limit", BombGIF(2000, 1999), []fault.Reason{fault.DecodeFailed}, false},
		{"webp canvas of 30,000²", bombWebP(bombSide, bombSide), tooMany, false},
		{"webp canvas of 2²⁴", bombWebP(1<<24, 1<<24), tooMany, false},
		{"webp frame of 16,383²", lossyWebP(), odd, false},
		{"tiff of 30,000²", tiffOf(bombSide, bombSide, 8, 10), odd, false},
		{"tiff of 2³² − 1", tiffOf(1<<32-1, 1<<32-1, 8, 10), odd, false},
		{"tiff whose strip is 4 GB", tiffOf(100, 100, 8, 1<<32-1), odd, true},
		{"tiff whose strip is far off", tiffOf(100, 100, 1<<32-1, 10), odd, true},
		{"avif of 30,000²", bombISO(Fixture("photo.avif"), bombSide, bombSide), odd, false},
		{"heic of 30,000²", bombISO(Fixture("photo.heic"), bombSide, bombSide), odd, false},
		{"bmp of 30,000²", bmp, []fault.Reason{fault.UnsupportedType}, false},
	}
}
