package sandbox_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/imaging/sandbox"
	"vitrine.dev/internal/logtest"
	"vitrine.dev/internal/media"
)

// hold renders the pictures, which hang, for the users until the test ends, and
// returns once each is in a process.
func hold(t *testing.T, r *sandbox.Renderer, pictures map[int64][]byte) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var busy sync.WaitGroup
	before := r.InWork()
	t.Cleanup(func() {
		cancel()
		busy.Wait()
	})
	for user, picture := range pictures {
		busy.Go(func() { _, _ = r.Render(media.WithUser(ctx, user), preset, picture) })
	}
	deadline := time.Now().Add(time.Minute)
	for r.InWork() < before+len(pictures) {
		if time.Now().After(deadline) {
			t.Fatal("the pictures are not in work")
		}
		time.Sleep(time.Millisecond)
	}
}

func renderFor(t *testing.T, r *sandbox.Renderer, user int64, picture []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(media.WithUser(t.Context(), user), time.Minute)
	defer cancel()
	if _, err := r.Render(ctx, preset, picture); err != nil {
		t.Errorf("user %d: %v", user, err)
	}
}

// quickPicture takes less than a second, by its header.
func quickPicture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 10, 10))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestWaitingForMemoryHoldsNoProcess: a picture that there is no room for leaves the
// process to another that there is room for.
func TestWaitingForMemoryHoldsNoProcess(t *testing.T) {
	t.Parallel()
	r := newFaulty(t, func(c *sandbox.Config) { c.Imaging.Parallel, c.Imaging.PixelBudget = 2, 7 })
	hold(t, r, map[int64][]byte{1: []byte("hang")}) // four of the seven pixels
	ctx, cancel := context.WithCancel(media.WithUser(t.Context(), 2))
	waiting := make(chan error)
	go func() {
		_, err := r.Render(ctx, preset, []byte("large"))
		waiting <- err
	}()
	for range 10 {
		renderFor(t, r, 3, []byte("abc"))
	}
	select {
	case err := <-waiting:
		t.Errorf("the large one ended with %v", err)
	default:
	}
	cancel()
	if err := <-waiting; err == nil {
		t.Error("the large one was rendered beside what left no room for it")
	}
}

// TestExpress: a quick picture is rendered while others hold all slots, and one that
// only seemed to be quick does not hold the express process for long.
func TestExpress(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: its processes take seconds to start")
	}
	var logged logtest.Buffer
	r := newLogged(t, slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug})), func(c *sandbox.Config) { c.Imaging.Parallel = 1 })
	hold(t, r, map[int64][]byte{1: []byte("hang")})
	began := time.Now()
	renderFor(t, r, 2, quickPicture(t))
	if r.InWork() != 1 || time.Since(began) > 30*time.Second {
		t.Errorf("%d are in work after %v", r.InWork(), time.Since(began))
	}
	hold(t, r, map[int64][]byte{3: append(quickPicture(t), "hang"...)})
	renderFor(t, r, 2, quickPicture(t))
	if lines := logged.String(); !strings.Contains(lines, "level=DEBUG msg=\"render timed out") || strings.Contains(lines, "level=WARN") {
		t.Errorf("that a picture is not quick is logged as\n%s", lines)
	}
}

// TestExpressIsNoSecondTry: where the timeout of every picture is as short as that of the
// express process, one that takes longer has failed there.
func TestExpressIsNoSecondTry(t *testing.T) {
	t.Parallel()
	var logged logtest.Buffer
	r := newLogged(t, slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug})), func(c *sandbox.Config) {
		c.Imaging.Parallel, c.Timeout = 1, time.Second
	})
	hang := append(quickPicture(t), "hang"...)
	var busy sync.WaitGroup
	for user := range int64(2) { // one of them is given the express process
		busy.Go(func() {
			_, err := r.Render(media.WithUser(t.Context(), user), preset, hang)
			if f, ok := fault.FailureOf(err); !ok || f.Reason != fault.DecoderCrashed {
				t.Errorf("user %d: %v", user, err)
			}
		})
	}
	busy.Wait()
	if n := strings.Count(logged.String(), "render timed out"); n != 2 {
		t.Errorf("two pictures timed out %d times", n)
	}
}
