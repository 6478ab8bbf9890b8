package heif

import "encoding/binary"

// frames counts the pictures of an AVIF or HEIF file that is an image
// sequence: the samples of the longest track of pictures in its moov box. 1
// where there is none, though it may hold other pictures beside its primary
// item.
func frames(src []byte) int {
	most := 1
	for _, moov := range boxes(src, "moov") {
		for _, trak := range boxes(moov, "trak") {
			for _, mdia := range boxes(trak, "mdia") {
				if !isPictures(mdia) {
					continue
				}
				for _, minf := range boxes(mdia, "minf") {
					for _, stbl := range boxes(minf, "stbl") {
						most = max(most, samples(stbl))
					}
				}
			}
		}
	}
	return most
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
	for b, rest, ok := nextBox(src); ok && len(found) < maxBoxes; b, rest, ok = nextBox(rest) {
		if b.kind == kind {
			found = append(found, b.body)
		}
	}
	return found
}
