package imaging

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/imaging/engine"
	"vitrine.dev/internal/imaging/imagefile"
	"vitrine.dev/internal/imaging/imagefile/structure"
	"vitrine.dev/internal/imaging/imagingtest"
	"vitrine.dev/internal/imaging/purego"
	"vitrine.dev/internal/media"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	if err := DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
	err := Config{Engine: "gpu"}.Validate()
	for _, word := range []string{"gpu", "pixels", "frames", "animation", "at a time", "budget"} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%v does not speak of %s", err, word)
		}
	}
	if _, err := New(Config{}, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("New took an empty configuration")
	}
}

func TestRecipe(t *testing.T) {
	t.Parallel()
	base := DefaultConfig()
	base.Engine = EngineGo
	recipe := func(change func(*Config)) string {
		cfg := base
		change(&cfg)
		r, err := New(cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		return r.Recipe()
	}
	plain := recipe(func(*Config) {})
	if plain != recipe(func(c *Config) { c.Parallel, c.MaxPixels = 7, 5 }) {
		t.Error("the recipe depends on what does not change the result")
	}
	if want := fmt.Sprintf("%d; %s", revision, purego.New().Name()); plain != want {
		t.Errorf("the recipe is %q, want %q", plain, want)
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		w, h int
		want []target
	}{
		{4000, 3000, []target{{2048, 1536, true, false}, {1600, 1200, false, true}, {800, 600, false, true}, {320, 240, false, true}}},
		{3000, 4000, []target{{1600, 2133, false, true}, {1536, 2048, true, false}, {800, 1067, false, true}, {320, 427, false, true}}},
		{1600, 900, []target{{1600, 900, true, true}, {800, 450, false, true}, {320, 180, false, true}}},
		{319, 5, []target{{319, 5, true, true}}},
		{1, 90000, []target{{1, 2048, true, false}}},
		{900, 90000, []target{{20, 2048, true, false}}},
		{1, 1, []target{{1, 1, true, true}}},
		{1000, 500, []target{{1000, 500, true, true}, {800, 400, false, true}, {320, 160, false, true}}},
		{1700, 100, []target{{1700, 100, true, false}, {1600, 94, false, true}, {800, 47, false, true}, {320, 19, false, true}}},
	} {
		got := targetsOf(c.w, c.h, media.DefaultPreset(false))
		if c.w == 900 { // the variant of 320 would be 32,000 tall
			for _, g := range got {
				if g.height > media.MaxSide {
					t.Errorf("%d × %d: %+v", c.w, c.h, g)
				}
			}
			continue
		}
		if len(got) != len(c.want) {
			t.Errorf("%d × %d: %+v", c.w, c.h, got)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%d × %d: %+v, want %+v", c.w, c.h, got[i], c.want[i])
			}
		}
	}
}

// TestAdmission fills the house and sees that the next one waits, and gives up
// with its ctx.
func TestAdmission(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := NewAdmission(2, 100)
		leave, err := a.Enter(t.Context(), 1000) // more than the whole budget: alone
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		waiting := make(chan error, 1)
		go func() {
			_, err := a.Enter(ctx, 1)
			waiting <- err
		}()
		synctest.Wait()
		if len(waiting) > 0 {
			t.Error("one was let in beside one that takes the whole budget")
		}
		cancel()
		if err := <-waiting; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		leave()

		var leaves []func()
		for range 2 {
			leave, err := a.Enter(t.Context(), 10)
			if err != nil {
				t.Fatal(err)
			}
			leaves = append(leaves, leave)
		}
		entered := make(chan struct{})
		go func() {
			if leave, err := a.Enter(t.Context(), 10); err == nil {
				leave()
			}
			close(entered)
		}()
		synctest.Wait()
		select {
		case <-entered:
			t.Error("a third was let into two slots")
		default:
		}
		leaves[0]()
		<-entered
		leaves[1]()
	})
}

// faulty is an engine with a defect.
type faulty struct {
	purego.Engine

	fail func() error
}

func (f faulty) Decode(context.Context, engine.Source, engine.Header, int, int) (engine.Picture, error) {
	return nil, f.fail()
}

func TestDefects(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func() error{
		"panic":          func() error { panic("index out of range") },
		"unknown error":  func() error { return errors.New("internal matters") },
		"own failure":    func() error { return fault.Fail(fault.DecoderCrashed, "The picture could not be processed.", nil) },
		"foreign cancel": func() error { return context.Canceled },
	} {
		cfg := DefaultConfig()
		cfg.Engine, cfg.Parallel = EngineGo, 1
		r, err := New(cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		sound := r.engine
		r.engine = faulty{fail: fail}
		_, err = r.Render(t.Context(), media.DefaultPreset(false), imagingtest.Photo(20, 10, 1))
		f, ok := fault.FailureOf(err)
		if !ok || f.Reason != fault.DecoderCrashed || f.Detail != "The picture could not be processed." {
			t.Errorf("%s: %v", name, err)
		}
		r.engine = sound
		if _, err := r.Render(t.Context(), media.DefaultPreset(false), imagingtest.Photo(20, 10, 1)); err != nil {
			t.Errorf("%s: the next picture: %v", name, err) // its slot was given back
		}
	}
}

func TestEngineNamesWayToLibvips(t *testing.T) {
	t.Parallel()
	cfg := DefaultConfig()
	cfg.Engine = EngineGo
	r, err := New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(r.Engine(), "apt-get install libvips42") {
		t.Error(r.Engine())
	}
}

func TestLadderEndsBelow(t *testing.T) {
	t.Parallel()
	if q := qualities(80, 10, 90); len(q) != 2 || q[1] != 70 {
		t.Errorf("%v", q)
	}
	w := &work{Renderer: &Renderer{cfg: DefaultConfig(), engine: purego.New()}, preset: media.DefaultPreset(false)}
	w.source.Info = imagefile.Info{Format: imagefile.JPEG, Info: structure.Info{Orientation: 6, Frames: 1}}
	body := imagingtest.Photo(40, 30, 1)
	picture, err := purego.New().Decode(t.Context(), engine.Source{Info: imagefile.Inspect(body), Body: body}, engine.Header{}, 40, 30)
	if err != nil {
		t.Fatal(err)
	}
	w.picture = picture
	good, poor := w.compressedLadder(true)
	for _, r := range append(good, poor...) {
		if r.stripped {
			t.Error("a turned picture would be passed on as it came")
		}
	}
	w.source.Orientation = 1
	stripped := 0
	good, poor = w.compressedLadder(true)
	for _, r := range append(good, poor...) {
		if r.stripped {
			stripped++
		}
	}
	if stripped != 1 {
		t.Errorf("%d times stripped", stripped)
	}
}
