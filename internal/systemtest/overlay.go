package systemtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// patch replaces a snippet that stands exactly once in the files of a folder
// and those below it.
type patch struct{ folder, from, to string }

// defect is what has to be changed in the program to give it a fault.
type defect struct {
	patches []patch
	// file is the text, without its package clause, of a further file of the
	// package that the first patch is found in. It may be empty.
	file string
}

// overlay is what `go build -overlay` is given.
type overlay struct {
	file     string   // the JSON
	packages []string // folders with what is replaced
}

// newOverlay writes patched copies of the files that the named defect changes
// into dir. It fails where a snippet is not found exactly once: the code has
// changed since the defect was written.
func newOverlay(dir, name string) (overlay, error) {
	d, ok := defects[name]
	if !ok {
		return overlay{}, fmt.Errorf("there is no defect %q: there are %v", name, Defects())
	}
	replaced := map[string]string{} // contents by path
	first := ""
	for i, p := range d.patches {
		path, err := p.apply(replaced)
		if err != nil {
			return overlay{}, fmt.Errorf("defect %s, patch %d: %w: adapt internal/systemtest/defects.go", name, i+1, err)
		}
		if i == 0 {
			first = path
		}
	}
	if d.file != "" {
		parsed, err := parser.ParseFile(token.NewFileSet(), first, nil, parser.PackageClauseOnly)
		if err != nil {
			return overlay{}, err
		}
		replaced[filepath.Join(filepath.Dir(first), "systemtest_defect.go")] = "package " + parsed.Name.Name + "\n" + d.file
	}
	o := overlay{file: filepath.Join(dir, "overlay.json")}
	return o, o.write(dir, replaced)
}

func (o *overlay) write(dir string, replaced map[string]string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	paths := map[string]string{}
	for i, path := range slices.Sorted(maps.Keys(replaced)) {
		copied := filepath.Join(dir, fmt.Sprintf("%d.go", i))
		if err := os.WriteFile(copied, []byte(replaced[path]), 0o600); err != nil {
			return err
		}
		paths[path] = copied
		if folder := filepath.Dir(path); !slices.Contains(o.packages, folder) {
			o.packages = append(o.packages, folder)
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": paths})
	if err != nil {
		return err
	}
	return os.WriteFile(o.file, text, 0o600)
}

// apply puts the patched content of the one file with the snippet into
// replaced, and returns the file's path.
func (p patch) apply(replaced map[string]string) (path string, err error) {
	folder, err := absolute(p.folder)
	if err != nil {
		return "", err
	}
	occurrences := 0
	err = filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, known := replaced[name]
		if !known {
			content, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			text = string(content)
		}
		if n := strings.Count(text, p.from); n > 0 {
			occurrences += n
			path = name
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	if occurrences != 1 {
		return "", fmt.Errorf("in %s this occurs %d times, not once:\n%s", p.folder, occurrences, p.from)
	}
	if _, known := replaced[path]; !known {
		content, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		replaced[path] = string(content)
	}
	replaced[path] = strings.Replace(replaced[path], p.from, p.to, 1)
	return path, nil
}

// absolute returns where a folder of this module is, or one of the standard
// library.
func absolute(folder string) (string, error) {
	variable := "GOROOT"
	if strings.HasPrefix(folder, "internal/") {
		variable = "GOMOD"
	}
	out, err := exec.Command("go", "env", variable).Output() //nolint:noctx // returns at once
	if err != nil {
		return "", fmt.Errorf("go env %s: %w", variable, err)
	}
	root := strings.TrimSpace(string(out))
	switch {
	case root == "":
		return "", errors.New("go env does not name " + variable)
	case variable == "GOMOD":
		return filepath.Join(filepath.Dir(root), folder), nil
	default:
		return filepath.Join(root, "src", folder), nil
	}
}
