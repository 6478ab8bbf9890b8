package bench_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// The cores: what is measured has one, and what asks of it another.
const (
	coreOfServer = 0
	coreOfLoad   = 1
)

// pin has all threads of a process, and those that they start, run on the core; those of this process only until
// the test ends, as others measure what it starts then. Without a second
// core everything shares one, and the figures are not comparable with others.
func pin(t *testing.T, pid, core int) {
	t.Helper()
	if runtime.NumCPU() < 2 {
		t.Log("there is one core: what is measured shares it with what asks of it")
		return
	}
	var set, before unix.CPUSet
	set.Set(core)
	if err := unix.SchedGetaffinity(pid, &before); err == nil && pid == os.Getpid() && before.Count() > 1 {
		t.Cleanup(func() { runOn(t, pid, &before) })
	}
	runOn(t, pid, &set)
}

// runOn has all threads of a process run on the cores.
func runOn(t *testing.T, pid int, set *unix.CPUSet) {
	t.Helper()
	for range 2 { // a thread may be started meanwhile
		tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
		if err != nil || len(tasks) == 0 {
			t.Fatalf("process %d has no threads, %v", pid, err)
		}
		for _, task := range tasks {
			id, err := strconv.Atoi(filepath.Base(task))
			if err == nil {
				err = unix.SchedSetaffinity(id, set)
			}
			if err != nil {
				t.Logf("thread %s stays on its core: %v", task, err)
			}
		}
	}
}
