package systemtest

import (
	"fmt"
	"os"
	"strconv"
	"strings"
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
