package testserver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// recorder is a test that notes how it was ended.
type recorder struct {
	testing.TB

	skipped, failed string
}

func (r *recorder) Helper()           {}
func (r *recorder) Skip(args ...any)  { r.skipped = fmt.Sprint(args...) }
func (r *recorder) Fatal(args ...any) { r.failed = fmt.Sprint(args...) }

func TestMissingServerSkipsAndSaysHowToGetIt(t *testing.T) {
	t.Setenv(requireVariable, "")
	t.Setenv("PATH", t.TempDir())
	t.Chdir(t.TempDir())
	_, err := newS3()
	if _, ok := errors.AsType[*missingError](err); !ok {
		t.Fatalf("with no versitygw anywhere: %v", err)
	}
	got := &recorder{TB: t}
	check(got, err)
	for _, part := range []string{"MISSING", "versitygw", "make setup"} {
		if !strings.Contains(got.skipped, part) {
			t.Errorf("%q does not say %q", got.skipped, part)
		}
	}
	if strings.Contains(got.skipped, "\n") {
		t.Errorf("%q is more than one line", got.skipped)
	}
}

func TestMissingServerFailsWhereRequired(t *testing.T) {
	t.Setenv(requireVariable, "1")
	got := &recorder{TB: t}
	check(got, fmt.Errorf("start: %w", &missingError{"redis-server", "redis-server", "redis"}))
	for _, part := range []string{"apt-get install redis-server", "brew install redis"} {
		if !strings.Contains(got.failed, part) {
			t.Errorf("%q does not say %q", got.failed, part)
		}
	}
	if got.skipped != "" {
		t.Errorf("skipped: %q", got.skipped)
	}
}

func TestBrokenServerAlwaysFails(t *testing.T) {
	t.Setenv(requireVariable, "")
	got := &recorder{TB: t}
	check(got, errors.New("did not start"))
	if got.failed == "" {
		t.Error("a server that is there but does not start was let pass")
	}
}

func TestServerThatEndsAtOnceShowsItsLog(t *testing.T) {
	t.Parallel()
	server := &Server{
		name: "broken", folder: t.TempDir(), endSignal: "KILL",
		argv:  []string{"/bin/sh", "-c", "echo no licence; exit 1"},
		ready: func(context.Context) error { return errors.New("not listening") },
	}
	err := server.start(t.Context())
	if !errors.Is(err, errExited) || !strings.Contains(err.Error(), "no licence") {
		t.Errorf("got %v", err)
	}
}

func TestLookupTakesTheHighestVersion(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]int{
		"/usr/lib/postgresql/15/bin/initdb": 15, "/opt/postgresql@17/bin/initdb": 17, "/usr/bin/initdb": 0,
	} {
		if got := version(path); got != want {
			t.Errorf("version(%q) = %d, want %d", path, got, want)
		}
	}
}
