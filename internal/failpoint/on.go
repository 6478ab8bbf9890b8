//go:build failpoints

package failpoint

import (
	"os"
	"syscall"
)

// Crash kills the process with SIGKILL, so that none of its clean-up runs,
// where VITRINE_CRASH_AT names the point.
func Crash(point Point) {
	if os.Getenv("VITRINE_CRASH_AT") != string(point) {
		return
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // the signal is on its way
}
