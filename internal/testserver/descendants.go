package testserver

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

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
