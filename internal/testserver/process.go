package testserver

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// supervise runs "$@" until it exits or the pipe on standard input closes; on
// the latter it sends signal $1, kills it ten seconds later, and
// removes folder $2. It leads a process group of its own, so `kill 0` ends the
// watcher, and it reaps the server, because not every container's init does and
// PostgreSQL does not start beside a zombie of itself.
const supervise = `
signal=$1 folder=$2
shift 2
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
echo $server >"$folder/server.pid"
{
	cat >/dev/null
	: >"$folder/closing"
	kill -"$signal" $server; kill -CONT $server
	sleep 10; kill -KILL $server
} <&3 3<&- &
exec 3<&-
wait $server
[ -e "$folder/closing" ] && cd / && rm -rf "$folder"
kill -KILL 0
`

const pidFile = "server.pid"

// process is one run of a server under its supervisor.
type process struct {
	folder string
	pipe   io.Closer
	done   chan struct{} // closed when the supervisor has ended
}

// launch starts argv with its output appended to folder/server.log.
func launch(folder, endSignal string, argv, env []string, as *syscall.Credential) (*process, error) {
	if err := os.RemoveAll(filepath.Join(folder, pidFile)); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(filepath.Join(folder, "server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	args := append([]string{"-c", supervise, "supervise", endSignal, folder}, argv...)
	// The server outlives every context: its life is tied to the pipe.
	cmd := exec.Command("/bin/sh", args...) //nolint:noctx // see above
	cmd.Dir, cmd.Env = folder, append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: as}
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", argv[0], err)
	}
	p := &process{folder: folder, pipe: pipe, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		_ = cmd.Wait() // the supervisor always ends by SIGKILL
	}()
	return p, nil
}

// signal sends sig to the server and all that descends from it, also what has
// left its process group, as PostgreSQL's backends do. The supervisor is spared.
func (p *process) signal(sig syscall.Signal) error {
	select {
	case <-p.done:
		return nil // its number may belong to another process by now
	default:
	}
	text, err := os.ReadFile(filepath.Join(p.folder, pidFile))
	if err != nil {
		return err
	}
	server, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return err
	}
	var errs []error
	for _, pid := range descendants(server) {
		if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			errs = append(errs, fmt.Errorf("signal %d: %w", pid, err))
		}
	}
	return errors.Join(errs...)
}

// close asks for an orderly end and waits for it, also if it was frozen.
func (p *process) close() {
	_ = p.signal(syscall.SIGCONT)
	_ = p.pipe.Close()
	<-p.done
}

// descendants returns root and every process below it, parents first. A
// process that ends meanwhile is simply missing.
func descendants(root int) []int {
	children := processTable()
	found := []int{root}
	for i := 0; i < len(found); i++ {
		found = append(found, children[found[i]]...)
	}
	return found
}

// processTable maps each process to its children, read from /proc or, where
// there is none (macOS), from ps.
func processTable() map[int][]int {
	table := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		stat, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		var pid, parent int
		var state string
		// The name in parentheses may hold spaces: read behind its end.
		end := strings.LastIndexByte(string(stat), ')')
		if _, err := fmt.Sscanf(string(stat), "%d", &pid); err != nil || end < 0 {
			continue
		}
		if _, err := fmt.Sscanf(string(stat[end+1:]), "%s %d", &state, &parent); err != nil {
			continue
		}
		table[parent] = append(table[parent], pid)
	}
	if len(stats) > 0 {
		return table
	}
	out, _ := exec.Command("ps", "-axo", "pid=,ppid=").Output() //nolint:noctx // ends at once
	for line := range strings.Lines(string(out)) {
		var pid, parent int
		if _, err := fmt.Sscan(line, &pid, &parent); err == nil {
			table[parent] = append(table[parent], pid)
		}
	}
	return table
}
