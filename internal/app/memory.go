package app

import (
	"context"
	"os"
	"runtime/debug"
	runtimemetrics "runtime/metrics"
	"time"

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

// The garbage of a process that answers requests. Little lives in it, so that Go's own measure, as much garbage as what
// lives, has a busy one mark its heap a dozen times a second.
const (
	usualGC    = 100      // GOGC as Go has it
	busyGC     = 400      // at most, while the process is busy
	busyAllocs = 32 << 20 // bytes a second from which it is
	busyHeap   = 64 << 20 // bytes of heap up to which garbage may stay longer
)

// tuneGC has this process collect its garbage later while it is busy, until ctx is done, unless GOGC says when. What
// it has then held more goes back once it no longer is.
func tuneGC(ctx context.Context) error {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	defer debug.SetGCPercent(debug.SetGCPercent(usualGC)) // as it was before
	figures := []runtimemetrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/live:bytes"}}
	runtimemetrics.Read(figures)
	before, now := figures[0].Value.Uint64(), usualGC
	each := time.NewTicker(time.Second)
	defer each.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-each.C:
		}
		runtimemetrics.Read(figures)
		allocs := figures[0].Value.Uint64()
		if next := percentGC(allocs-before, figures[1].Value.Uint64()); next != now {
			debug.SetGCPercent(next)
			now = next
		}
		before = allocs
	}
}

// percentGC is GOGC where so many bytes were allocated in a second and so many live.
func percentGC(allocs, live uint64) int {
	if allocs < busyAllocs || live == 0 || live >= busyHeap {
		return usualGC
	}
	return int(min(max(100*(busyHeap-live)/live, usualGC), busyGC))
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
