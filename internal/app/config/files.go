package config

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
)

// maxValueFile bounds, in bytes, a file that holds the value of a variable.
const maxValueFile = 64 << 10

// readFiles reads NAME from the file that NAME_FILE names, for every variable:
// Docker and Kubernetes provide secrets as files, which keeps them out of the
// environment that `docker inspect` or a child process shows.
func (e *environment) readFiles() {
	for _, name := range knownNames() {
		file := name + "_FILE"
		if !e.has(file) {
			continue
		}
		if e.has(name) {
			e.problem("%s and %s must not both be set", name, file)
			continue
		}
		value, err := readValue(e.values[file])
		switch {
		case err != nil:
			e.problem("%s names a file that cannot be read: %v", file, err)
		case value == "":
			e.problem("%s names a file that is empty", file)
		default:
			e.values[name], e.spelling[name] = value, file
		}
	}
}

// readValue returns the text of a file without the line break at its end.
func readValue(path string) (string, error) {
	file, err := os.Open(path) //nolint:gosec // the operator names it
	if err != nil {
		return "", withoutPath(err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxValueFile+1))
	switch {
	case err != nil:
		return "", withoutPath(err)
	case len(text) > maxValueFile:
		return "", errors.New("it is larger than 64 KiB")
	}
	value := strings.TrimSuffix(string(text), "\n")
	return strings.TrimSuffix(value, "\r"), nil
}

// withoutPath removes the path from the error: it may be the secret itself, set
// in place of the name of its file.
func withoutPath(err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		return at.Err
	}
	return err
}
