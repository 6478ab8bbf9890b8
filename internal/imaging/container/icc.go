package container

import "bytes"

// profileIsSRGB reports whether the profile calls itself one of the usual
// forms of sRGB, in the one-byte or the two-byte writing of its description.
// A profile that is sRGB under another name is merely converted.
func profileIsSRGB(profile []byte) bool {
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
