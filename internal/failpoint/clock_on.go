//go:build failpoints && linux && amd64

package failpoint

import (
	"os"
	"time"
)

// clockOffset is added to the wall clock, in seconds.
var clockOffset int64

// shiftRuntimeClock makes the runtime read its clocks through shifted.
func shiftRuntimeClock()

// ShiftClock sets the wall clock of this process off by VITRINE_CLOCK_OFFSET, a
// duration of whole seconds. It reaches every time.Now of the process, also
// those of libraries, and leaves monotonic readings alone, as a wrong clock
// does. To be called before anything else.
func ShiftClock() {
	if offset, err := time.ParseDuration(os.Getenv("VITRINE_CLOCK_OFFSET")); err == nil {
		clockOffset = int64(offset / time.Second)
		shiftRuntimeClock()
	}
}
