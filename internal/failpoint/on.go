//go:build failpoints

package failpoint

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"syscall"
)

// Defect reports whether VITRINE_DEFECTS names the defect.
func Defect(name string) bool {
	return slices.Contains(strings.Split(os.Getenv("VITRINE_DEFECTS"), ","), name)
}

// Crash kills the process with SIGKILL, so that nothing of it is tidied up,
// where VITRINE_CRASH_AT names the point.
func Crash(point Point) {
	if os.Getenv("VITRINE_CRASH_AT") != string(point) {
		return
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // the signal is on its way
}

// Decode dies or hangs on a picture whose bytes ask for it, as a decoder with a
// fault would, where the defect HostileDecoder is switched on.
func Decode(picture []byte) {
	switch {
	case !Defect(HostileDecoder):
	case bytes.Contains(picture, []byte("vitrine: abort")):
		_ = syscall.Kill(os.Getpid(), syscall.SIGABRT)
		select {} // the signal is on its way
	case bytes.Contains(picture, []byte("vitrine: hang")):
		for { //nolint:revive // that it does nothing is the point
		}
	}
}
