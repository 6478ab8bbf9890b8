//go:build !failpoints

package failpoint

// Defect reports whether the named defect is switched on: never in this build.
func Defect(string) bool { return false }

// Crash kills the process where the named point was chosen: never in this build.
func Crash(Point) {}

// Decode dies or hangs on a picture that asks for it: never in this build.
func Decode([]byte) {}
