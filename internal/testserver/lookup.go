package testserver

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// missingError says which program is not there and how to get it.
type missingError struct{ program, debian, brew string }

func (e *missingError) Error() string {
	get := "`make setup`"
	if e.debian != "" {
		get += fmt.Sprintf(", `apt-get install %s` or `brew install %s`", e.debian, e.brew)
	}
	return fmt.Sprintf("MISSING: %s is not installed; get it with %s", e.program, get)
}

// lookup finds a program in the folders given (glob patterns, the highest
// version first), then on PATH.
func lookup(program string, patterns ...string) (string, bool) {
	for _, pattern := range patterns {
		found, _ := filepath.Glob(filepath.Join(pattern, program))
		slices.SortFunc(found, func(a, b string) int { return version(b) - version(a) })
		for _, path := range found {
			if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 {
				return path, true
			}
		}
	}
	path, err := exec.LookPath(program)
	return path, err == nil
}

// version returns the first number in a path: 15 of /usr/lib/postgresql/15/bin.
func version(path string) int {
	digits := strings.FieldsFunc(path, func(r rune) bool { return r < '0' || r > '9' })
	if len(digits) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(digits[0])
	return n
}

// toolsFolder returns .tools/bin beside the go.mod above the working folder.
func toolsFolder() string {
	folder, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			break
		}
		if folder == filepath.Dir(folder) {
			break
		}
		folder = filepath.Dir(folder)
	}
	return filepath.Join(folder, ".tools", "bin")
}

const loopback = "127.0.0.1"

// newFolder makes a temporary folder for one server.
func newFolder(name string) (string, error) {
	return os.MkdirTemp("", "vitrine-"+name+"-")
}
