package sandbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ebitengine/purego"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/imaging"
	"vitrine.dev/internal/imaging/imagingtest"
	"vitrine.dev/internal/imaging/sandbox"
	"vitrine.dev/internal/media"
)

// preset is what the tests render by.
var preset = media.DefaultPreset(false)

// TestMain makes this test program its own child. With the argument faulty, the child's
// decoder obeys pictures that are commands.
func TestMain(m *testing.M) {
	if sandbox.IsChild() {
		open := sandbox.OpenImaging
		if len(os.Args) > 1 && os.Args[1] == "faulty" {
			open = openFaulty
		}
		if len(os.Args) > 2 && os.Args[1] == "hanging" {
			open = openHanging(os.Args[2])
		}
		os.Exit(sandbox.Serve(os.Stdin, os.Stdout, open))
	}
	os.Exit(m.Run())
}

// faulty is a decoder for pictures that are commands.
type faulty struct{ admission imaging.Admission }

func openFaulty(_ imaging.Config, a imaging.Admission, _ *slog.Logger) (sandbox.Engine, error) {
	return faulty{a}, nil
}

func (faulty) Recipe() string { return "recipe" }
func (faulty) Engine() string { return "engine" }

func (w faulty) Render(ctx context.Context, _ media.Preset, source []byte) (media.Rendered, error) {
	leave, err := w.admission.Enter(ctx, int64(len(source)))
	if err != nil {
		return media.Rendered{}, err
	}
	defer leave()
	if bytes.HasSuffix(source, []byte("hang")) {
		for { //nolint:revive,staticcheck // on purpose
		}
	}
	switch command := string(source); command {
	case "SIGABRT":
		_ = syscall.Kill(os.Getpid(), syscall.SIGABRT)
		select {}
	case "abort":
		abort()
	case "exit":
		syscall.Exit(0)
	case "panic":
		panic("faulty")
	case "lie":
		_, _ = os.Stdout.Write([]byte("o\xff\xff\xff\xff"))
		select {}
	case "nonsense":
		_, _ = os.Stdout.Write([]byte("?\x00\x00\x00\x02hi"))
		select {}
	case "refuse":
		return media.Rendered{}, fault.Fail(fault.TooManyPixels, "Too many.", errors.New("cause"))
	case "pid":
		return media.Rendered{Width: os.Getpid(), Compressed: media.Encoded{Body: []byte("x")}}, nil
	case "environment":
		return media.Rendered{Placeholder: strings.Join(os.Environ(), "\n")}, nil
	}
	return media.Rendered{
		Width: len(source), Compressed: media.Encoded{Format: "png", Body: source}, Notes: catalog.Notes(),
	}, nil
}

// abort calls the C library's, as a failed assertion in libvips would.
func abort() {
	lib, err := purego.Dlopen(map[string]string{"linux": "libc.so.6", "darwin": "libSystem.B.dylib"}[runtime.GOOS], purego.RTLD_NOW)
	if err != nil {
		os.Exit(3)
	}
	var call func()
	purego.RegisterLibFunc(&call, lib, "abort")
	call()
}

func newFaulty(t *testing.T, change func(*sandbox.Config)) *sandbox.Renderer {
	t.Helper()
	return newLogged(t, slog.New(slog.DiscardHandler), change)
}

func newLogged(t *testing.T, log *slog.Logger, change func(*sandbox.Config)) *sandbox.Renderer {
	t.Helper()
	cfg := sandbox.DefaultConfig()
	cfg.Imaging.Parallel = 4
	cfg.Program = []string{os.Args[0], "faulty"}
	if change != nil {
		change(&cfg)
	}
	return openLogged(t, cfg, log)
}

func open(t *testing.T, cfg sandbox.Config) *sandbox.Renderer {
	t.Helper()
	return openLogged(t, cfg, slog.New(slog.DiscardHandler))
}

func openLogged(t *testing.T, cfg sandbox.Config, log *slog.Logger) *sandbox.Renderer {
	t.Helper()
	r, err := sandbox.New(t.Context(), cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// TestFailsAlone renders pictures that kill or fool their process among sound
// ones.
func TestFailsAlone(t *testing.T) {
	t.Parallel()
	r := newFaulty(t, nil)
	// The others have a minute, so that a busy machine fails none of them.
	hasty := newFaulty(t, func(c *sandbox.Config) { c.Timeout = time.Second })
	var wait sync.WaitGroup
	for _, command := range []string{"SIGABRT", "abort", "exit", "panic", "hang", "lie", "nonsense"} {
		r := r
		if command == "hang" {
			r = hasty
		}
		wait.Go(func() {
			_, err := r.Render(t.Context(), preset, []byte(command))
			if f, ok := fault.FailureOf(err); !ok || f.Reason != fault.DecoderCrashed {
				t.Errorf("%s: %v", command, err)
			}
			if late := strings.Contains(fmt.Sprint(err), "did not come to an end"); late != (command == "hang") {
				t.Errorf("%s: %v", command, err)
			}
		})
	}
	for n := range 20 {
		wait.Go(func() {
			source := strings.Repeat("x", 100_000*(n+1))
			out, err := r.Render(t.Context(), preset, []byte(source))
			if err != nil || string(out.Compressed.Body) != source || out.Width != len(source) ||
				!slices.Equal(out.Notes, catalog.Notes()) {
				t.Errorf("a picture of %d bytes became %d: %v", len(source), len(out.Compressed.Body), err)
			}
		})
	}
	wait.Wait()
}

// TestFailuresAreReported gets reason and detail of a child that refuses, and keeps
// the child.
func TestFailuresAreReported(t *testing.T) {
	t.Parallel()
	r := newFaulty(t, func(c *sandbox.Config) { c.Imaging.Parallel = 1 })
	before := pid(t, r)
	_, err := r.Render(t.Context(), preset, []byte("refuse"))
	f, ok := fault.FailureOf(err)
	if !ok || f.Reason != fault.TooManyPixels || f.Detail != "Too many." {
		t.Errorf("refused with %v", err)
	}
	if after := pid(t, r); after != before {
		t.Errorf("process %d became %d", before, after)
	}
}

func pid(t *testing.T, r *sandbox.Renderer) int {
	t.Helper()
	out, err := r.Render(t.Context(), preset, []byte("pid"))
	if err != nil {
		t.Fatal(err)
	}
	return out.Width
}

// TestIdleCrash kills a child between two pictures: the next one is not blamed.
func TestIdleCrash(t *testing.T) {
	t.Parallel()
	r := newFaulty(t, func(c *sandbox.Config) { c.Imaging.Parallel = 1 })
	before := pid(t, r)
	if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if after := pid(t, r); after == before {
		t.Error("a killed process answers")
	}
}

// TestRecycled gives each two pictures a process of their own.
func TestRecycled(t *testing.T) {
	t.Parallel()
	r := newFaulty(t, func(c *sandbox.Config) { c.Imaging.Parallel, c.Recycle = 1, 2 })
	first, second, third := pid(t, r), pid(t, r), pid(t, r)
	if first != second || second == third {
		t.Errorf("processes %d, %d, %d", first, second, third)
	}
	if alive := r.PIDs(); !slices.Equal(alive, []int{third}) {
		t.Errorf("%v are alive, want %d", alive, third)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if alive := r.PIDs(); len(alive) != 0 {
		t.Errorf("%v are alive after the renderer was closed", alive)
	}
}

// TestCancelled gives up a picture that hangs when its context ends.
func TestCancelled(t *testing.T) {
	t.Parallel()
	r := newFaulty(t, func(c *sandbox.Config) { c.Imaging.Parallel = 1 })
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("the claim is lost")
	time.AfterFunc(200*time.Millisecond, func() { cancel(gone) })
	if _, err := r.Render(ctx, preset, []byte("hang")); !errors.Is(err, gone) {
		t.Errorf("ended with %v", err)
	}
	pid(t, r)
}

// TestBudget admits no two pictures that are over the budget together.
func TestBudget(t *testing.T) {
	t.Parallel()
	r := newFaulty(t, func(c *sandbox.Config) { c.Imaging.PixelBudget = 3 })
	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	wait.Go(func() { _, _ = r.Render(ctx, preset, []byte("hang")) }) // holds all of it until it is killed
	wait.Go(func() {
		if _, err := r.Render(t.Context(), preset, []byte("abc")); err != nil {
			t.Error(err)
		}
	})
	time.AfterFunc(time.Second, cancel)
	wait.Wait()
}

// TestEnvironment: a child has no secret of its parent.
func TestEnvironment(t *testing.T) {
	t.Setenv("AWS_SECRET_ACCESS_KEY", "very-secret")
	t.Setenv("DB_PASSWORD", "very-secret")
	r := newFaulty(t, nil)
	_, err := r.Render(t.Context(), preset, []byte("environment"))
	if err != nil && !strings.Contains(err.Error(), "files") {
		t.Fatal(err)
	}
	out, err := r.Render(t.Context(), preset, []byte("pid"))
	if err != nil {
		t.Fatal(err)
	}
	seen, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", out.Width))
	if err != nil {
		t.Skip("no /proc here: ", err)
	}
	if strings.Contains(string(seen), "very-secret") || !strings.Contains(string(seen), "VITRINE_RENDER_CHILD=1") {
		t.Errorf("the child's environment: %q", seen)
	}
}

// TestSuite runs the suite of rendering in child processes.
func TestSuite(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: package imaging runs the same suite with the Go engine in its own process")
	}
	cfg := sandbox.DefaultConfig()
	cfg.Imaging.LibraryPath = os.Getenv("LIBVIPS_PATH")
	can := imagingtest.Capabilities{}
	if strings.HasPrefix(open(t, cfg).Engine(), "libvips") {
		can = imagingtest.Capabilities{
			CMYK: true, Arithmetic: true, AVIF: true, HEIC: true, Animations: true, WebP: true, AVIFOutput: true, Progressive: true,
			Tables: true, GreyAlphaTIFF: true, ManyChannels: true,
		}
	}
	imagingtest.Run(t, func(t *testing.T, o imagingtest.Options) media.Renderer {
		t.Helper()
		cfg := cfg
		cfg.Imaging.MaxPixels, cfg.Imaging.MaxFrames, cfg.Imaging.MaxAnimationPixels = o.MaxPixels, o.MaxFrames, o.MaxAnimationPixels
		return open(t, cfg)
	}, can)
}

// TestRecipeIsTheSame makes results interchangeable with those made in process.
func TestRecipeIsTheSame(t *testing.T) {
	t.Parallel()
	cfg := sandbox.DefaultConfig()
	cfg.Imaging.LibraryPath = os.Getenv("LIBVIPS_PATH")
	here, err := imaging.New(cfg.Imaging, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	there := open(t, cfg)
	if here.Recipe() != there.Recipe() || here.Engine() != there.Engine() {
		t.Errorf("%q and %q, %q and %q", here.Recipe(), there.Recipe(), here.Engine(), there.Engine())
	}
}

// TestParts: when its parts were is known of a picture that another process has rendered, by the
// clock of both.
func TestParts(t *testing.T) {
	t.Parallel()
	r := open(t, sandbox.DefaultConfig())
	before := time.Now()
	out, err := r.Render(t.Context(), preset, imagingtest.Photo(300, 200, 1))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range out.Parts {
		names = append(names, p.Name)
		if p.Began.Before(before.Round(0)) || p.Began.Add(p.Took).After(time.Now().Round(0)) || p.Took < 0 {
			t.Errorf("%s began at %s and took %s; it was rendered from %s on", p.Name, p.Began, p.Took, before)
		}
	}
	if want := []string{"admit", "decode", "encode", "placeholder"}; !slices.Equal(names, want) {
		t.Errorf("parts %v, want %v", names, want)
	}
}

// TestNoEngine reports at the start what a child cannot find.
func TestNoEngine(t *testing.T) {
	t.Parallel()
	cfg := sandbox.DefaultConfig()
	cfg.Imaging.Engine, cfg.Imaging.LibraryPath = imaging.EngineVips, "/nowhere/libvips.so"
	if _, err := sandbox.New(t.Context(), cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "libvips") {
		t.Errorf("New: %v", err)
	}
	cfg = sandbox.DefaultConfig()
	cfg.Program = []string{"/nowhere/vitrine"}
	if _, err := sandbox.New(t.Context(), cfg, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("New started what is not there")
	}
}

// BenchmarkRender compares rendering in a process with rendering here.
func BenchmarkRender(b *testing.B) {
	cfg := sandbox.DefaultConfig()
	cfg.Imaging.Parallel, cfg.Imaging.LibraryPath = 1, os.Getenv("LIBVIPS_PATH")
	here, err := imaging.New(cfg.Imaging, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	there, err := sandbox.New(b.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer there.Close()
	for name, source := range map[string][]byte{
		"12MP": imagingtest.Photo(4000, 3000, 1), "small": imagingtest.Photo(300, 200, 1),
	} {
		for where, r := range map[string]media.Renderer{"here": here, "sandbox": there} {
			b.Run(name+"/"+where, func(b *testing.B) {
				b.SetBytes(int64(len(source)))
				for b.Loop() {
					if _, err := r.Render(b.Context(), preset, source); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
