package systemtest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Memory is a figure of the process in bytes, such as VmRSS, what it has, or VmHWM, the most that
// it has had: https://man7.org/linux/man-pages/man5/proc_pid_status.5.html. Elsewhere than on Linux
// it is 0.
func (p *Process) Memory(name string) int64 { return Memory(p.PID(), "status", name) }

// Memory is a figure of a process in a file of its folder in /proc, in bytes; 0 where there is none.
func Memory(pid int, file, name string) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == name+":" {
			kB, _ := strconv.ParseInt(fields[1], 10, 64)
			return kB << 10
		}
	}
	return 0
}

// CPU is the user and system time of a process, by Linux's /proc:
// https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
func CPU(tb testing.TB, pid int) time.Duration {
	tb.Helper()
	fields := statOf(tb, pid)
	return ticks(fields[userTime]) + ticks(fields[systemTime])
}

// OwnCPU is that of this process.
func OwnCPU(tb testing.TB) time.Duration {
	tb.Helper()
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// CPUWithChildren is that of a process, of its children, and of those that have ended. A child that ends while
// it looks would be in neither: it looks again.
func CPUWithChildren(tb testing.TB, pid int) time.Duration {
	tb.Helper()
	for {
		before := ended(tb, pid)
		total := before + running(tb, pid)
		if ended(tb, pid) == before {
			return total
		}
	}
}

// ended is the CPU of the children that have ended and were waited for.
func ended(tb testing.TB, pid int) time.Duration {
	tb.Helper()
	fields := statOf(tb, pid)
	return ticks(fields[endedUserTime]) + ticks(fields[endedSystemTime])
}

// running is the CPU of a process and of its children that there are.
func running(tb testing.TB, pid int) time.Duration {
	tb.Helper()
	total := CPU(tb, pid)
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		tb.Fatal(err)
	}
	for _, name := range all {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		if fields := statFields(text); len(fields) > endedSystemTime && fields[parent] == strconv.Itoa(pid) {
			total += ticks(fields[userTime]) + ticks(fields[systemTime])
		}
	}
	return total
}

// The fields of /proc/PID/stat behind the name.
const (
	parent          = 1
	userTime        = 11
	systemTime      = 12
	endedUserTime   = 13 // of children that were waited for
	endedSystemTime = 14
)

func statOf(tb testing.TB, pid int) []string {
	tb.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		tb.Fatalf("CPU is read from /proc: %v", err)
	}
	return statFields(text)
}

// statFields are those after the name, which may have blanks: the state is the first.
func statFields(text []byte) []string {
	return strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
}

// ticks are hundredths of a second on every Linux.
func ticks(text string) time.Duration {
	n, _ := strconv.ParseInt(text, 10, 64)
	return time.Duration(n) * 10 * time.Millisecond
}
