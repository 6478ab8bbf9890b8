package app

import (
	"os"
	"runtime/debug"

	"github.com/prometheus/procfs"

	"vitrine.dev/internal/metrics"
	"vitrine.dev/internal/processes"
)

// pictureGC is the GOGC of a process that works on pictures.
const pictureGC = 25

// keepSmall has a process that only works on images, and renders them in others, collect its garbage sooner, unless
// GOGC says when: what it has is the files of pictures, which have no pointers, so that marking them costs next to
// nothing, and twice of them would be there.
func keepSmall() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(pictureGC)
	}
}

// use is what this process and the children of its renderer use; nil for one that has none.
func use(r metrics.Renderer) (u processes.Use) {
	pids := []int{os.Getpid()}
	if r != nil {
		children := r.PIDs()
		u.Renders = len(children)
		u.PixelsUsed, u.PixelBudget = r.Pixels()
		pids = append(pids, children...)
	}
	u.Memory = resident(pids...)
	return u
}

// resident returns how many bytes of memory these processes have. One that there is not has
// none; elsewhere than on Linux, which has /proc, that is all of them.
func resident(pids ...int) (bytes int64) {
	for _, pid := range pids {
		process, err := procfs.NewProc(pid)
		if err != nil {
			continue
		}
		if stat, err := process.Stat(); err == nil {
			bytes += int64(stat.ResidentMemory())
		}
	}
	return bytes
}
