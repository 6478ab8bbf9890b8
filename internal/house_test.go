package internal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The bounds of a folder and of a file. A folder may hold more files where its
// doc.go says why, in a sentence that begins with manyFiles.
const (
	mostFiles = 15
	mostLines = 300
	manyFiles = "More files than usual: "
)

// goPackage is what the tests ask of a package: each asks for some of it.
type goPackage struct {
	ImportPath string
	Imports    []string // without those of tests
	Dir        string
	GoFiles    []string
	Export     string // the file with the compiled types
}

func TestFilesAreFewAndShort(t *testing.T) {
	t.Parallel()
	for _, p := range sources(t) {
		dir := folder(p.ImportPath)
		if len(p.GoFiles) > mostFiles && !saysWhy(t, p) {
			t.Errorf("%s has %d files, more than %d, and no doc.go that says %q", dir, len(p.GoFiles), mostFiles, manyFiles)
		}
		all, err := filepath.Glob(filepath.Join(p.Dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range all {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if lines := bytes.Count(text, []byte("\n")); lines > mostLines && !strings.HasSuffix(name, "_test.go") && !isGenerated(text) {
				t.Errorf("%s/%s has %d lines, more than %d", dir, filepath.Base(name), lines, mostLines)
			}
		}
	}
}

// isGenerated reports whether a program wrote the file, by the line that go help generate
// asks of it.
func isGenerated(text []byte) bool {
	return regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`).Match(text)
}

func saysWhy(t *testing.T, p goPackage) bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.Dir, "doc.go"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return bytes.Contains(text, []byte(manyFiles))
}

// TestTheMapIsComplete: docs/design.md names every package in one line.
func TestTheMapIsComplete(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/design.md")
	if err != nil {
		t.Fatal(err)
	}
	_, drawn, found := strings.Cut(string(text), "\ninternal/\n")
	drawn, _, closed := strings.Cut(drawn, "```")
	if !found || !closed {
		t.Fatal("docs/design.md has no map")
	}
	for _, p := range sources(t) {
		dir := folder(p.ImportPath)
		if !strings.HasPrefix(dir, "internal/") {
			continue
		}
		if !strings.Contains(drawn, filepath.Base(dir)+"/") {
			t.Errorf("the map in docs/design.md does not name %s", dir)
		}
	}
}

// TestCallsBetweenFilesRunOneWay: in the packages that every feature touches a
// file is used by another or uses it, so that they can be read in one order.
func TestCallsBetweenFilesRunOneWay(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: it checks the types of many packages")
	}
	every := sources(t)
	exports := make(map[string]string, len(every))
	for _, p := range exported(t) {
		exports[p.ImportPath] = p.Export
	}
	for _, p := range every {
		dir := folder(p.ImportPath)
		layered := slices.ContainsFunc([]string{"app", "cli", "httpapi", "httpkit", "sqldb", "sqlstore"}, func(name string) bool {
			return dir == "internal/"+name || strings.HasPrefix(dir, "internal/"+name+"/")
		})
		if !layered || strings.HasSuffix(dir, "test") {
			continue
		}
		calls := callsBetweenFiles(t, p, exports)
		if circle := findCircle(calls); circle != nil {
			t.Errorf("%s: its files call each other in a circle: %s", dir, strings.Join(circle, " -> "))
		}
	}
}

// callsBetweenFiles returns, for each file, the files whose functions it names,
// with one such name.
func callsBetweenFiles(t *testing.T, p goPackage, exports map[string]string) map[string]map[string]string {
	t.Helper()
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(set, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	info := types.Info{Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: importer.ForCompiler(set, "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("%s was not compiled", path)
		}
		return os.Open(exports[path])
	})}
	if _, err := config.Check(p.ImportPath, set, files, &info); err != nil {
		t.Fatal(err)
	}
	calls := map[string]map[string]string{}
	for name, used := range info.Uses {
		function, ok := used.(*types.Func)
		if !ok || function.Pkg() == nil || function.Pkg().Path() != p.ImportPath {
			continue
		}
		from, to := filepath.Base(set.Position(name.Pos()).Filename), filepath.Base(set.Position(function.Pos()).Filename)
		if from == to {
			continue
		}
		if calls[from] == nil {
			calls[from] = map[string]string{}
		}
		calls[from][to] = name.Name
	}
	return calls
}

// findCircle returns files that call each other in a circle, nil for none.
func findCircle(calls map[string]map[string]string) []string {
	const inHand, done = 1, 2
	state := map[string]int{}
	var path []string
	var visit func(string) []string
	visit = func(file string) []string {
		state[file] = inHand
		path = append(path, file)
		for to, name := range calls[file] {
			switch state[to] {
			case inHand:
				return append(slices.Clone(path[slices.Index(path, to):]), to+" ("+name+")")
			case done:
			default:
				if circle := visit(to); circle != nil {
					return circle
				}
			}
		}
		state[file] = done
		path = path[:len(path)-1]
		return nil
	}
	for file := range calls {
		if state[file] == 0 {
			if circle := visit(file); circle != nil {
				return circle
			}
		}
	}
	return nil
}

// sources lists the packages of this module with their files.
func sources(t *testing.T) []goPackage {
	t.Helper()
	return listPackages(t, "-json=Dir,ImportPath,GoFiles")
}

// exported lists all that the module is built of, with the compiled types.
func exported(t *testing.T) []goPackage {
	t.Helper()
	return listPackages(t, "-export", "-deps", "-json=ImportPath,Export")
}

func listPackages(t *testing.T, args ...string) []goPackage {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(golist(t, append(args, "./...")...)))
	var all []goPackage
	for {
		var p goPackage
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func folder(importPath string) string { return strings.TrimPrefix(importPath, module) }

func TestFindCircle(t *testing.T) {
	t.Parallel()
	line := map[string]map[string]string{"a": {"b": "f", "c": "g"}, "b": {"c": "h"}}
	if circle := findCircle(line); circle != nil {
		t.Errorf("a circle in a line: %v", circle)
	}
	line["c"] = map[string]string{"a": "i"}
	if findCircle(line) == nil {
		t.Error("no circle in a circle")
	}
}

// TestDocsNameWhatExists: the folders and tests that the docs send readers to.
func TestDocsNameWhatExists(t *testing.T) {
	t.Parallel()
	var code bytes.Buffer
	for _, p := range sources(t) {
		names, err := filepath.Glob(filepath.Join(p.Dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			code.Write(text)
		}
	}
	docs, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(docs, "../README.md", "../CONTRIBUTING.md") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range regexp.MustCompile(`\binternal/[a-z0-9/_]+[a-z0-9]`).FindAllString(string(text), -1) {
			if _, err := os.Stat(filepath.Join("..", path)); err != nil {
				if _, err := os.Stat(filepath.Join("..", path+".go")); err != nil {
					t.Errorf("%s names %s, which is not there", name, path)
				}
			}
		}
		for _, test := range regexp.MustCompile(`\b(Test|Fuzz|Benchmark)[A-Z]\w+`).FindAllString(string(text), -1) {
			if !bytes.Contains(code.Bytes(), []byte("func "+test)) {
				t.Errorf("%s names %s, which is not there", name, test)
			}
		}
	}
}
