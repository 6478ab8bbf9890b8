package systemtest

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
)

// Variant is a way to build the program.
type Variant struct {
	name   string
	flags  []string
	defect string
}

// Program is the program as it is shipped; Mortal is it with its crash points
// (see package failpoint).
var (
	Program = Variant{name: "vitrine"}
	Mortal  = Variant{name: "mortal", flags: []string{"-tags", "failpoints"}}
)

// Defective is the program with one of the Defects.
func Defective(defect string) Variant { return Variant{name: defect, defect: defect} }

// built holds, for each name, a func() (path string, err error).
var (
	built sync.Map
	bins  = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "vitrine-systemtest-") })
)

// Main runs the tests of a package that uses Build, and removes what was built.
// The tests wait far more than they work, so unless -parallel says otherwise
// more of them run at a time than there are cores.
func Main(m *testing.M) {
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		_ = parallel.Value.Set(strconv.Itoa(3 * runtime.GOMAXPROCS(0)))
	}
	code := m.Run()
	if dir, err := bins(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// Build returns the path of the program, which is built once for all tests of
// this process. With -short the test is skipped.
func Build(tb testing.TB, v Variant) string {
	tb.Helper()
	if testing.Short() {
		tb.Skip("-short: it builds and runs the program")
	}
	once, _ := built.LoadOrStore(v.name, sync.OnceValues(v.build))
	path, err := once.(func() (string, error))()
	if err != nil {
		tb.Fatal(err)
	}
	return path
}

func (v Variant) build() (string, error) {
	dir, err := bins()
	if err != nil {
		return "", err
	}
	bin, flags := filepath.Join(dir, v.name), v.flags
	if v.defect != "" {
		o, err := newOverlay(filepath.Join(dir, v.name+".overlay"), v.defect)
		if err != nil {
			return "", err
		}
		flags = []string{"-overlay", o.file}
	}
	// For all tests, whichever ends first.
	return bin, goBuild(context.Background(), append(flags, "-ldflags=-s -w", "-o", bin, "vitrine.dev/cmd/vitrine")...)
}

// goBuild builds as the program is shipped: without C.
func goBuild(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"build"}, args...)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %v: %w\n%s", args, err, out)
	}
	return nil
}
