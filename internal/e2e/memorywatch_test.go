package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/systemtest"
)

// memoryWatch measures what a process and its children hold.
type memoryWatch struct {
	pid  int
	stop sync.Once
	end  chan struct{} // closed to stop
	done chan struct{}

	mu        sync.Mutex
	most      int64
	processes int
	grown     time.Time // when most last grew
}

// watchMemory samples until peak is called: all the time on an idle machine,
// and never for more than a fifth of one core.
func watchMemory(t *testing.T, pid int) *memoryWatch {
	t.Helper()
	w := &memoryWatch{pid: pid, end: make(chan struct{}), done: make(chan struct{}), grown: time.Now()}
	go func() {
		defer close(w.done)
		for {
			began := time.Now()
			w.sample()
			select {
			case <-w.end:
				return
			case <-time.After(max(5*time.Millisecond, 4*time.Since(began))):
			}
		}
	}()
	t.Cleanup(func() { w.peak() })
	return w
}

func (w *memoryWatch) sample() {
	tree := append(children(w.pid), w.pid)
	var sum int64
	for _, p := range tree {
		sum += proportional(p)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if sum > w.most {
		w.most, w.grown = sum, time.Now()
	}
	w.processes = max(w.processes, len(tree))
}

// peak ends the sampling and returns the most that was held, by how many
// processes at most. Of the process alone it knows the true maximum since its
// start, which samples may miss.
func (w *memoryWatch) peak() (bytes int64, processes int) {
	w.stop.Do(func() { close(w.end) })
	<-w.done
	return max(w.most, systemtest.Memory(w.pid, "status", "VmHWM")), w.processes
}

// awaitSteady waits until the peak has not grown for a second.
func (w *memoryWatch) awaitSteady(t *testing.T) {
	t.Helper()
	began := time.Now()
	systemtest.Eventually(t, "the memory to grow no more", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return time.Since(w.grown) > time.Second && time.Since(began) > time.Second
	})
}

// children are the processes that a process has started.
func children(pid int) (list []int) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, path := range tasks {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // the thread has ended
		}
		for field := range strings.FieldsSeq(string(text)) {
			if child, err := strconv.Atoi(field); err == nil {
				list = append(list, child)
			}
		}
	}
	return list
}

// proportional is the memory of a process, what it shares with others by its
// share (PSS), in bytes.
func proportional(pid int) int64 { return systemtest.Memory(pid, "smaps_rollup", "Pss") }
