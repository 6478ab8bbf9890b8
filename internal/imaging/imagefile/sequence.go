package imagefile

import "encoding/binary"

// isoFrames counts the pictures of an AVIF or HEIF file that is an image
// sequence: the samples of the longest track of pictures in its moov box. 1
// where there is none, though it may hold other pictures beside its primary
// item.
func isoFrames(src []byte) int {
	frames := 1
	for _, moov := range boxes(src, "moov") {
		for _, trak := range boxes(moov, "trak") {
			for _, mdia := range boxes(trak, "mdia") {
				if !isPictures(mdia) {
					continue
				}
				for _, minf := range boxes(mdia, "minf") {
					for _, stbl := range boxes(minf, "stbl") {
						frames = max(frames, samples(stbl))
					}
				}
			}
		}
	}
	return frames
}

// isPictures reports whether a track is one of pictures.
func isPictures(mdia []byte) bool {
	for _, hdlr := range boxes(mdia, "hdlr") {
		if len(hdlr) >= 12 && string(hdlr[8:12]) == "pict" {
			return true
		}
	}
	return false
}

// samples is how many a sample table says it has.
func samples(stbl []byte) int {
	for _, stsz := range boxes(stbl, "stsz") {
		if len(stsz) >= 12 {
			return int(binary.BigEndian.Uint32(stsz[8:]))
		}
	}
	return 0
}

// maxBoxes bounds how many boxes of a kind are looked at.
const maxBoxes = 16

// boxes returns the contents of the boxes of the kind that src consists of.
func boxes(src []byte, kind string) (found [][]byte) {
	for len(src) >= 8 && len(found) < maxBoxes {
		head, size := uint64(8), uint64(binary.BigEndian.Uint32(src))
		switch {
		case size == 0: // to the end
			size = uint64(len(src))
		case size == 1 && len(src) >= 16:
			head, size = 16, binary.BigEndian.Uint64(src[8:])
		}
		if size < head || size > uint64(len(src)) {
			return found
		}
		if string(src[4:8]) == kind {
			found = append(found, src[head:size])
		}
		src = src[size:]
	}
	return found
}
