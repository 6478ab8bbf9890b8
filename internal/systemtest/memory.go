package systemtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// MemoryWatch measures what a process and its children hold.
type MemoryWatch struct {
	pid  int
	stop sync.Once
	end  chan struct{} // closed to stop
	done chan struct{}

	mu        sync.Mutex
	most      int64
	processes int
	child     int64     // the most that one child has held
	grown     time.Time // when most last grew
}

// WatchMemory samples until Peak is called: all the time on an idle machine,
// and never for more than a fifth of one core.
func WatchMemory(t *testing.T, pid int) *MemoryWatch {
	t.Helper()
	w := &MemoryWatch{pid: pid, end: make(chan struct{}), done: make(chan struct{}), grown: time.Now()}
	go func() {
		defer close(w.done)
		for {
			began := time.Now()
			w.sample()
			select {
			case <-w.end:
				w.sample()
				return
			case <-time.After(max(5*time.Millisecond, 4*time.Since(began))):
			}
		}
	}()
	t.Cleanup(func() { w.Peak() })
	return w
}

func (w *MemoryWatch) sample() {
	children := Children(w.pid)
	sum, alone := treeMemory(w.pid, children), int64(0)
	for _, p := range children {
		alone = max(alone, Memory(p, "status", "VmHWM"))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if sum > w.most {
		w.most, w.grown = sum, time.Now()
	}
	w.processes = max(w.processes, 1+len(children))
	w.child = max(w.child, alone)
}

// TreeMemory is what a process and its children hold, in bytes, what they share counted once, and how many they are.
func TreeMemory(pid int) (bytes int64, processes int) {
	children := Children(pid)
	return treeMemory(pid, children), 1 + len(children)
}

func treeMemory(pid int, children []int) int64 {
	bytes := Proportional(pid)
	for _, p := range children {
		bytes += Proportional(p)
	}
	return bytes
}

// Peak ends the sampling and returns the most that was held, by how many
// processes at most. Of the process alone, and of each child alone, it knows the
// true maximum since its start, which samples may miss.
func (w *MemoryWatch) Peak() (bytes int64, processes int) {
	w.stop.Do(func() { close(w.end) })
	<-w.done
	return max(w.most, w.child, Memory(w.pid, "status", "VmHWM")), w.processes
}

// LargestChild is the most that one child has held by itself, in bytes, once Peak was called.
// The kernel keeps it as long as the child lives, so samples miss it only of one that has ended.
func (w *MemoryWatch) LargestChild() int64 { return w.child }

// AwaitSteady waits until the peak has not grown for a second.
func (w *MemoryWatch) AwaitSteady(t *testing.T) {
	t.Helper()
	began := time.Now()
	Eventually(t, "the memory to grow no more", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return time.Since(w.grown) > time.Second && time.Since(began) > time.Second
	})
}

// Children are the processes that a process has started.
func Children(pid int) (list []int) {
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

// Proportional is the memory of a process, what it shares with others by its
// share (PSS), in bytes.
func Proportional(pid int) int64 { return Memory(pid, "smaps_rollup", "Pss") }
