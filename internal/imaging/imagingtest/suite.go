package imagingtest

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/imaging/imagefile"
	"vitrine.dev/internal/media"
)

// Capabilities declares what an engine can do. What it cannot do is tested
// too: it has to refuse it or to take the way out that is named here.
type Capabilities struct {
	CMYK        bool // reads JPEG in CMYK
	Arithmetic  bool // reads JPEG with arithmetic coding
	AVIF        bool // reads AVIF
	HEIC        bool // reads HEIC
	Animations  bool // reads all frames and writes them; else a GIF of up to 2048 pixels is passed on, and of others the first frame is shown
	WebP        bool // writes WebP; else JPEG, or PNG where there is transparency
	AVIFOutput  bool // writes AVIF
	Progressive bool // writes JPEG progressively

	Tables        bool // applies colour profiles made of tables
	GreyAlphaTIFF bool // reads TIFF of grey with alpha
	ManyChannels  bool // reads TIFF with more channels than colours and alpha
}

// Options is what the suite varies in an engine's configuration.
type Options struct {
	MaxPixels          int64
	MaxFrames          int
	MaxAnimationPixels int64
}

// DefaultOptions returns limits that the suite's own pictures keep.
func DefaultOptions() Options {
	return Options{MaxPixels: 100_000_000, MaxFrames: 100, MaxAnimationPixels: 100_000_000}
}

// Open makes the renderer under test.
type Open func(t *testing.T, o Options) media.Renderer

// suite is one run over one engine.
type suite struct {
	open Open
	can  Capabilities
}

// Run holds the engine against the suite.
func Run(t *testing.T, open Open, can Capabilities) {
	t.Helper()
	s := suite{open: open, can: can}
	for name, test := range map[string]func(*testing.T){
		"Formats":      s.formats,
		"Colours":      s.colours,
		"Orientations": s.orientations,
		"Sizes":        s.sizes,
		"Transparency": s.transparency,
		"Animations":   s.animations,
		"Uncovered":    s.uncovered,
		"Metadata":     s.metadata,
		"Weight":       s.weight,
		"Graphics":     s.graphics,
		"Truncated":    s.truncated,
		"Corrupt":      s.corrupt,
		"Oddities":     s.oddities,
		"Reasons":      s.reasons,
		"Attacks":      s.attacks,
		"Limits":       s.limits,
		"Parallel":     s.parallel,
		"Cancelled":    s.cancelled,
		"AVIF":         s.avif,
		"Presets":      s.presets,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && slices.Contains([]string{"Animations", "Attacks", "Colours", "Graphics", "Oddities", "Orientations", "Parallel", "Presets", "Sizes", "Weight"}, name) {
				t.Skip("-short: it takes seconds of every engine")
			}
			test(t)
		})
	}
}

func (s suite) renderer(t *testing.T) media.Renderer {
	t.Helper()
	return s.open(t, DefaultOptions())
}

// render renders by the default preset and checks what holds for every result.
func (s suite) render(t *testing.T, r media.Renderer, source []byte) media.Rendered {
	t.Helper()
	return s.renderBy(t, r, media.DefaultPreset(false), source)
}

// renderBy renders by the preset and checks what holds for every result.
func (s suite) renderBy(t *testing.T, r media.Renderer, p media.Preset, source []byte) media.Rendered {
	t.Helper()
	out, err := r.Render(t.Context(), p, source)
	if err != nil {
		t.Fatalf("Render: %v", err)
	}
	checkEncoded(t, out.Compressed)
	checkWeight(t, out.Compressed, out, source)
	longest := max(out.Width, out.Height)
	fits := func(n int) int {
		if longest <= p.Box {
			return n
		}
		return max(1, int(math.Round(float64(n)*float64(p.Box)/float64(longest))))
	}
	if out.Compressed.Width != fits(out.Width) || out.Compressed.Height != fits(out.Height) {
		t.Errorf("compressed is %d × %d, its source %d × %d",
			out.Compressed.Width, out.Compressed.Height, out.Width, out.Height)
	}
	last := 0
	for _, v := range out.Variants {
		checkEncoded(t, v)
		checkWeight(t, v, out, source)
		if v.Width < last || v.Width > out.Width {
			t.Errorf("a variant of %d after %d, the source has %d", v.Width, last, out.Width)
		}
		last = v.Width
	}
	checkPlaceholder(t, out.Placeholder)
	return out
}

// checkEncoded checks one published file against its own description, and that
// it has no metadata.
func checkEncoded(t *testing.T, e media.Encoded) {
	t.Helper()
	info := imagefile.Inspect(e.Body)
	if string(info.Format) != e.Format || info.Format.ContentType() != e.ContentType {
		t.Errorf("bytes of %s are called %s, %s", info.Format, e.Format, e.ContentType)
	}
	if w, h := sizeOf(t, e); w != e.Width || h != e.Height {
		t.Errorf("%s is %d × %d and called %d × %d", e.Format, w, h, e.Width, e.Height)
	}
	for _, trace := range []string{Secret, "Exif\x00", "EXIF", "http://ns.adobe.com", "ICC_PROFILE", "ICCP", "iCCP", "eXIf", "tEXt"} {
		if bytes.Contains(e.Body, []byte(trace)) {
			t.Errorf("%s of %d × %d has %q", e.Format, e.Width, e.Height, trace)
		}
	}
}

// slack is how much heavier than its source of the same dimensions a file may be
// in order to keep its dimensions and its quality.
const slack = 2 << 10

// checkWeight checks that a file is not much heavier than its source of the same
// dimensions. PNG of a source with loss is: it stands where an engine has nothing
// else that can be transparent.
func checkWeight(t *testing.T, e media.Encoded, out media.Rendered, source []byte) {
	t.Helper()
	if e.Format == "png" && !imagefile.Inspect(source).Lossless {
		return
	}
	if e.Width == out.Width && e.Height == out.Height && len(e.Body) > len(source)+slack {
		t.Errorf("%s of %d × %d has %d bytes, its source %d", e.Format, e.Width, e.Height, len(e.Body), len(source))
	}
}

// expectFailure renders what must fail with the reason.
func expectFailure(t *testing.T, r media.Renderer, source []byte, want ...fault.Reason) {
	t.Helper()
	_, err := r.Render(t.Context(), media.DefaultPreset(false), source)
	var f *fault.Failure
	if !errors.As(err, &f) {
		t.Fatalf("Render: %v, want a failure with %v", err, want)
	}
	if !slices.Contains(want, f.Reason) {
		t.Errorf("Render: %v, want %v", err, want)
	}
	checkDetail(t, f.Detail)
}

// checkDetail checks that a client may read it: one sentence and no text of a
// library.
func checkDetail(t *testing.T, detail string) {
	t.Helper()
	if !strings.HasSuffix(detail, ".") || strings.ContainsAny(detail, "\n:\x00") || strings.Contains(detail, "vips") {
		t.Errorf("detail %q is no sentence for a client", detail)
	}
}
