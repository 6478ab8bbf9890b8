package app

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"

	"vitrine.dev/internal/systemtest"
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

// TestPercentGC: garbage may stay longer where much is made and little lives, and never makes the heap larger than what is
// said, nor the collections rarer for what is quiet.
func TestPercentGC(t *testing.T) {
	t.Parallel()
	const mb = 1 << 20
	for _, c := range []struct {
		allocs, live uint64
		want         int
	}{
		{0, 10 * mb, 100},
		{busyAllocs - 1, 10 * mb, 100},
		{busyAllocs, 0, 100},
		{busyAllocs, 10 * mb, 400},
		{1 << 40, 12 * mb, 400},
		{busyAllocs, 16 * mb, 300},
		{busyAllocs, 32 * mb, 100},
		{busyAllocs, 48 * mb, 100},
		{busyAllocs, 64 * mb, 100},
		{busyAllocs, 1 << 40, 100},
	} {
		if got := percentGC(c.allocs, c.live); got != c.want {
			t.Errorf("%d MB allocated, %d MB live: GOGC is %d, not %d", c.allocs/mb, c.live/mb, got, c.want)
		}
	}
}

// TestTuneGC: GOGC is raised while this process is busy, falls again when it is not, and stays where someone has set it.
func TestTuneGC(t *testing.T) {
	t.Setenv("GOGC", "")
	defer debug.SetGCPercent(debug.SetGCPercent(usualGC))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- tuneGC(ctx) }()
	percent := func() int {
		is := []metrics.Sample{{Name: "/gc/gogc:percent"}}
		metrics.Read(is)
		return int(is[0].Value.Uint64())
	}
	var garbage []byte
	systemtest.Eventually(t, "a higher GOGC", func() bool {
		for range 64 {
			garbage = make([]byte, 1<<20)
		}
		return percent() > usualGC
	})
	runtime.KeepAlive(garbage)
	systemtest.Eventually(t, "the usual GOGC", func() bool { return percent() == usualGC })
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	t.Setenv("GOGC", "50")
	if err := tuneGC(t.Context()); err != nil { // which returns
		t.Error(err)
	}
}
