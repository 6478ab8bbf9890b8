package app

import (
	"os"
	"runtime"
	"testing"
)

// children renders nothing, and has this process for a child as often as it says.
type children struct{ n int }

func (c children) PIDs() (pids []int) {
	for range c.n {
		pids = append(pids, os.Getpid())
	}
	return pids
}

func (children) Pixels() (used, budget int64) { return 3, 8 }

// TestUse: what a process uses is with what its render processes do; one that has ended uses nothing.
func TestUse(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc")
	}
	alone, with := use(nil), use(children{9})
	if alone.Memory < 1<<20 || with.Memory < 5*alone.Memory {
		t.Errorf("%d bytes alone, %d with nine children of the same size", alone.Memory, with.Memory)
	}
	if alone.Renders != 0 || alone.PixelBudget != 0 || with.Renders != 9 || with.PixelsUsed != 3 || with.PixelBudget != 8 {
		t.Errorf("uses %+v alone, %+v with children", alone, with)
	}
	const none = 1 << 22 // above the highest id that Linux gives
	if n := resident(none); n != 0 {
		t.Errorf("a process that there is not has %d bytes", n)
	}
}
