package limit

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"vitrine.dev/internal/imaging/imagefile"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/systemtest"
)

//go:embed sharp/package.json
var sharpPackage []byte

//go:embed sharp/package-lock.json
var sharpLock []byte

//go:embed sharp/render.mjs
var sharpScript []byte

// Sharp is a process of Node.js in which sharp renders photos with one thread: https://sharp.pixelplumbing.com
type Sharp struct {
	PID              int
	Version, Libvips string

	in  *json.Encoder
	out *json.Decoder
}

// Photo is a file and what is made of it, from the largest output to the smallest.
type Photo struct {
	File    string   `json:"file"`
	Outputs []Output `json:"outputs"`
}

// Output is what Sharp makes of a Photo.
type Output struct {
	Format string `json:"format"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

// OutputsOf are those of a rendering, without the placeholder, which Sharp makes of every photo.
func OutputsOf(r media.Rendered) []Output {
	var list []Output
	for _, e := range append([]media.Encoded{r.Compressed}, r.Variants...) {
		list = append(list, Output{e.Format, e.Width, e.Height})
	}
	slices.SortStableFunc(list, func(a, b Output) int { return b.Width*b.Height - a.Width*a.Height })
	return list
}

// SharpTurn is one rendering of photos, and with which qualities: of 80.25 the first quarter of the photos has 81, and
// the others have 80.
type SharpTurn struct {
	Effort      int     `json:"effort"` // of WebP
	JPEGQuality float64 `json:"jpegQuality"`
	WebPQuality float64 `json:"webpQuality"`
	Photos      []Photo `json:"photos"`
}

// Bytes are those of all outputs, by format.
type Bytes struct {
	JPEG int `json:"jpeg"`
	WebP int `json:"webp"`
}

// Add counts the files of a rendering.
func (b *Bytes) Add(r media.Rendered) {
	for _, e := range append([]media.Encoded{r.Compressed}, r.Variants...) {
		if e.Format == string(imagefile.JPEG) {
			b.JPEG += len(e.Body)
		} else {
			b.WebP += len(e.Body)
		}
	}
}

// NewSharp installs sharp by npm into .tools of the repository, which is the folder two above the test's, and starts
// it. Where there is no npm the test is skipped.
func NewSharp(t *testing.T) *Sharp {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed: pictures are measured beside sharp, which needs Node.js 20.9 or later", program)
		}
	}
	server := exec.CommandContext(t.Context(), "node", filepath.Join(installSharp(t), "render.mjs")) //nolint:gosec // of this package
	server.Env = append(os.Environ(), "UV_THREADPOOL_SIZE=1")
	server.Stderr = os.Stderr
	in, err := server.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = server.Wait() })
	s := &Sharp{PID: server.Process.Pid, in: json.NewEncoder(in), out: json.NewDecoder(bufio.NewReader(out))}
	var versions struct{ Sharp, Libvips string }
	s.read(t, &versions)
	s.Version, s.Libvips = versions.Sharp, versions.Libvips
	return s
}

// installSharp returns the folder.
func installSharp(t *testing.T) string {
	t.Helper()
	folder, err := filepath.Abs("../../.tools/sharp")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // as those of other tools
		t.Fatal(err)
	}
	const lock = "package-lock.json"
	installed, err := os.ReadFile(filepath.Join(folder, "node_modules", ".installed")) //nolint:gosec // of this function
	for name, text := range map[string][]byte{"package.json": sharpPackage, lock: sharpLock, "render.mjs": sharpScript} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err == nil && string(installed) == string(sharpLock) {
		return folder
	}
	npm := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	npm.Dir = folder
	if text, err := npm.CombinedOutput(); err != nil {
		t.Skipf("sharp cannot be installed: npm ci: %v: %s", err, text)
	}
	if err := os.WriteFile(filepath.Join(folder, "node_modules", ".installed"), sharpLock, 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

// Render renders the photos and returns what they weigh and the CPU that it took.
func (s *Sharp) Render(t *testing.T, turn SharpTurn) (b Bytes, cpu time.Duration) {
	t.Helper()
	before := systemtest.CPU(t, s.PID)
	if err := s.in.Encode(turn); err != nil {
		t.Fatalf("ask sharp: %v", err)
	}
	s.read(t, &b)
	return b, systemtest.CPU(t, s.PID) - before
}

func (s *Sharp) read(t *testing.T, into any) {
	t.Helper()
	if err := s.out.Decode(into); err != nil {
		t.Fatalf("sharp has not answered: %v", err)
	}
}

// Match changes the qualities of the turn, JPEG's and then WebP's, a quarter of the photos at a time, until the files of
// the format weigh what is wanted within the share, or come no nearer. It returns what they then weigh.
func (s *Sharp) Match(t *testing.T, turn *SharpTurn, wanted Bytes, within float64) (b Bytes) {
	t.Helper()
	b, _ = s.Render(t, *turn)
	for _, f := range []struct {
		quality *float64
		bytes   func(Bytes) int
	}{
		{&turn.JPEGQuality, func(b Bytes) int { return b.JPEG }},
		{&turn.WebPQuality, func(b Bytes) int { return b.WebP }},
	} {
		off := func(b Bytes) float64 { return float64(f.bytes(b))/float64(f.bytes(wanted)) - 1 }
		step := math.Copysign(0.25, -off(b))
		for math.Abs(off(b)) > within {
			*f.quality += step
			next, _ := s.Render(t, *turn)
			if math.Abs(off(next)) >= math.Abs(off(b)) {
				*f.quality -= step
				break
			}
			b = next
		}
	}
	return b
}
