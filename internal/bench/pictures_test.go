package bench_test

import (
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/bench/limit"
	"vitrine.dev/internal/bench/report"
	"vitrine.dev/internal/imaging/imagingtest"
	"vitrine.dev/internal/imaging/sandbox"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/systemtest"
)

// photoSizes are of 1.5 to 13 megapixels, landscape and portrait.
func photoSizes() [][2]int {
	return [][2]int{
		{1500, 1000},
		{1200, 1600},
		{2400, 1600},
		{2000, 3000},
		{3264, 2448},
		{3000, 4000},
		{4160, 3120},
		{3120, 4160},
	}
}

// equalBytes is by how much the files of both sides may differ for each format.
const equalBytes = 0.02

// TestPictures: images for each second of CPU, by the renderer of a worker with its render process and all its
// limits, beside sharp. Nothing is fetched or stored. What is counted of ours is the render process and the one that
// sends it the pictures.
func TestPictures(t *testing.T) {
	r := begin(t)
	sharp := limit.NewSharp(t)
	renderer := newRenderer(t)
	library, found := strings.CutPrefix(renderer.Engine(), "libvips ")
	if !found {
		t.Skipf("there is no libvips: pictures would be rendered by %s", renderer.Engine())
	}
	preset := media.DefaultPreset(false)
	var files [][]byte
	var photos []limit.Photo
	var ours limit.Bytes
	folder := t.TempDir()
	for i, size := range photoSizes() {
		body := imagingtest.Photo(size[0], size[1], uint64(i))
		photo := limit.Photo{File: filepath.Join(folder, fmt.Sprintf("%d.jpg", i))}
		if err := os.WriteFile(photo.File, body, 0o600); err != nil {
			t.Fatal(err)
		}
		rendered, err := renderer.Render(t.Context(), preset, body)
		if err != nil {
			t.Fatal(err)
		}
		photo.Outputs = limit.OutputsOf(rendered)
		ours.Add(rendered)
		files, photos = append(files, body), append(photos, photo)
	}
	for _, pid := range append(renderer.PIDs(), sharp.PID) {
		pin(t, pid, coreOfServer)
	}
	turns := [2]limit.SharpTurn{} // by default effort, and by ours
	weights := [2]limit.Bytes{}
	for i, effort := range []int{4, 2} {
		turns[i] = limit.SharpTurn{Effort: effort, JPEGQuality: float64(preset.Quality), WebPQuality: float64(preset.Quality), Photos: photos}
		weights[i] = sharp.Match(t, &turns[i], ours, equalBytes)
	}
	perSecond := func(cpu time.Duration) float64 { return float64(len(photos)) / cpu.Seconds() }
	var mine []float64
	var theirs [2][]float64
	for range r.rounds {
		for i := range turns {
			_, cpu := sharp.Render(t, turns[i])
			theirs[i] = append(theirs[i], perSecond(cpu))
		}
		before := renderingCPU(t, renderer)
		for _, body := range files {
			if _, err := renderer.Render(t.Context(), preset, body); err != nil {
				t.Fatal(err)
			}
		}
		mine = append(mine, perSecond(renderingCPU(t, renderer)-before))
	}
	goals := [2]float64{1.5, 0.95}
	if newer(library) {
		goals = [2]float64{1.8, 1.15}
	}
	for i, turn := range turns {
		for format, bytes := range map[string][2]int{"JPEG": {ours.JPEG, weights[i].JPEG}, "WebP": {ours.WebP, weights[i].WebP}} {
			if share := float64(bytes[0])/float64(bytes[1]) - 1; math.Abs(share) > equalBytes {
				t.Errorf("the files of %s weigh %d bytes and %d by sharp with effort %d, %.1f %% apart: they are not the same work",
					format, bytes[0], bytes[1], turn.Effort, 100*share)
			}
		}
		if t.Failed() {
			return
		}
		f := report.Figure{
			Name: fmt.Sprintf("pictures-%d", turn.Effort), Goal: goals[i],
			What: fmt.Sprintf("image job, libvips %s, beside WebP effort %d: images per CPU-second", library, turn.Effort),
			Limit: fmt.Sprintf("sharp %s (libvips %s), the same files of equal weight, decoded once, one thread, qualities JPEG %.4g and WebP %.4g",
				sharp.Version, sharp.Libvips, turn.JPEGQuality, turn.WebPQuality),
			Ours:   report.Quantity{Value: median(mine, itself), Unit: "/s"},
			Beside: &report.Quantity{Value: median(theirs[i], itself), Unit: "/s"},
			Also: []report.Also{
				megabytes("JPEG", ours.JPEG, weights[i].JPEG), megabytes("WebP", ours.WebP, weights[i].WebP),
			},
		}
		f.Value = f.Ours.Value / f.Beside.Value
		r.took(t, f)
	}
}

func megabytes(name string, ours, limit int) report.Also {
	return report.Also{
		Name: name, Ours: report.Quantity{Value: float64(ours) / 1e6, Unit: "MB"},
		Beside: &report.Quantity{Value: float64(limit) / 1e6, Unit: "MB"},
	}
}

// newRenderer is a worker's, in the processes of the program.
func newRenderer(t *testing.T) *sandbox.Renderer {
	t.Helper()
	cfg := sandbox.DefaultConfig()
	cfg.Program = []string{systemtest.Build(t, systemtest.Program)}
	cfg.Imaging.LibraryPath = os.Getenv("LIBVIPS_PATH")
	renderer, err := sandbox.New(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = renderer.Close() })
	return renderer
}

// renderingCPU is that of this process and of the render processes.
func renderingCPU(t *testing.T, r *sandbox.Renderer) time.Duration {
	t.Helper()
	total := systemtest.OwnCPU(t)
	for _, pid := range r.PIDs() {
		total += systemtest.CPU(t, pid)
	}
	return total
}

// newer reports whether that version of libvips is 8.18 or later.
func newer(version string) bool {
	var major, minor int
	_, err := fmt.Sscanf(version, "%d.%d", &major, &minor)
	return err == nil && (major > 8 || major == 8 && minor >= 18)
}
