package icc

import (
	"bytes"
	"encoding/binary"
)

// Intent is what a conversion of colours strives for, numbered as in ICC.1:2022,
// 7.2.15.
type Intent int

// The intents that a profile made of tables has a table for each.
const (
	Perceptual Intent = iota // what sharp and LittleCMS take for pictures
	Relative
	Saturation
)

// MaxLength bounds an embedded profile, in bytes.
const MaxLength = 4 << 20

// IntentOf returns the intent by which pictures with the profile are to be
// converted: the perceptual one or, where the profile is made of tables and
// lacks that, the next that it has.
func IntentOf(profile []byte) Intent {
	if HasTag(profile, "rXYZ") { // a matrix serves all
		return Perceptual
	}
	for intent, name := range []string{"A2B0", "A2B1", "A2B2"} {
		if HasTag(profile, name) {
			return Intent(intent)
		}
	}
	return Perceptual
}

// HasTag reports whether the ICC profile lists a tag of the name.
func HasTag(profile []byte, name string) bool {
	const header, entry, most = 132, 12, 100
	if len(profile) < header {
		return false
	}
	count := min(binary.BigEndian.Uint32(profile[header-4:]), most)
	for entries := profile[header:]; count > 0 && len(entries) >= entry; count, entries = count-1, entries[entry:] {
		if string(entries[:4]) == name {
			return true
		}
	}
	return false
}

// IsSRGB reports whether the profile calls itself one of the usual
// forms of sRGB, in the one-byte or the two-byte writing of its description.
// A profile that is sRGB under another name is merely converted.
func IsSRGB(profile []byte) bool {
	for _, name := range []string{"sRGB IEC61966-2.1", "sRGB IEC61966-2-1", "sRGB built-in"} {
		wide := make([]byte, 0, 2*len(name))
		for i := range len(name) {
			wide = append(wide, 0, name[i])
		}
		if bytes.Contains(profile, []byte(name)) || bytes.Contains(profile, wide) {
			return true
		}
	}
	return false
}
