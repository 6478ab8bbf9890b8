package app

import (
	"os"

	"github.com/prometheus/procfs"

	"vitrine.dev/internal/metrics"
	"vitrine.dev/internal/processes"
)

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
