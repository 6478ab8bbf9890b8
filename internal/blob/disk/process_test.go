package disk_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"

	"vitrine.dev/internal/blob/disk"
)

// writerVariable names the folder to a copy of this test program that writes.
const writerVariable = "VITRINE_TEST_DISK_WRITER"

const sharedKey = "ab/abc/shared.webp"

func newStore(dir string) (*disk.Store, error) { return disk.New(dir, "http://localhost/images") }

func sharedBody() []byte { return bytes.Repeat([]byte("the same content in every process "), 10_000) }

// TestWriter is the body of the other processes, not a test.
func TestWriter(t *testing.T) {
	dir := os.Getenv(writerVariable)
	if dir == "" {
		t.Skip("runs only as a child of TestProcessesShareAKey")
	}
	s := open(t, dir)
	if _, err := io.WriteString(os.Stdout, "writing\n"); err != nil {
		t.Fatal(err)
	}
	for t.Context().Err() == nil {
		for _, do := range []func(context.Context) error{
			func(ctx context.Context) error { return s.Put(ctx, sharedKey, "image/webp", sharedBody()) },
			func(ctx context.Context) error { return s.Put(ctx, "ab/abd/other.webp", "image/webp", sharedBody()) },
			func(ctx context.Context) error { return s.Delete(ctx, "ab/abd/other.webp") },
		} {
			if err := do(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Two processes write the same key and are killed in the middle, again and
// again; a reader sees the whole object or none.
func TestProcessesShareAKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	for range 4 {
		kill := []func(){startWriter(t, dir), startWriter(t, dir)}
		for range 25 {
			if err := s.Put(t.Context(), sharedKey, "image/webp", sharedBody()); err != nil {
				t.Fatal(err)
			}
			object, err := s.Open(t.Context(), sharedKey)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(object.Body)
			_ = object.Body.Close()
			if err != nil || !bytes.Equal(body, sharedBody()) {
				t.Fatalf("read %d of %d bytes, %v", len(body), len(sharedBody()), err)
			}
		}
		var both sync.WaitGroup
		for _, k := range kill {
			both.Go(k)
		}
		both.Wait()
	}
}

// startWriter returns once the process writes; the function kills it.
func startWriter(t *testing.T, dir string) func() {
	t.Helper()
	ctx, kill := context.WithCancel(t.Context())
	command := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestWriter$", "-test.timeout=1m")
	command.Env = append(os.Environ(), writerVariable+"="+dir)
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(output, make([]byte, len("writing\n"))); err != nil {
		t.Fatalf("the writer did not begin: %v", err)
	}
	return func() {
		kill()
		if command.Wait() == nil {
			t.Error("the writer ended before it was killed")
		}
	}
}
