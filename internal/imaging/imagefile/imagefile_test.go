package imagefile_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"slices"
	"testing"

	"vitrine.dev/internal/imaging/imagefile"
	"vitrine.dev/internal/imaging/imagefile/gif"
	"vitrine.dev/internal/imaging/imagefile/structure"
	"vitrine.dev/internal/imaging/imagefile/tiff"
	"vitrine.dev/internal/imaging/imagingtest"
)

func TestSniff(t *testing.T) {
	t.Parallel()
	photo := imagingtest.Picture(40, 30, 1)
	for name, c := range map[string]struct {
		body string
		want imagefile.Format
	}{
		"jpeg":              {string(imagingtest.JPEG(photo, 80)), imagefile.JPEG},
		"png":               {string(imagingtest.PNG(photo)), imagefile.PNG},
		"gif":               {string(imagingtest.GIF(photo)), imagefile.GIF},
		"webp":              {string(imagingtest.Fixture("photo.webp")), imagefile.WebP},
		"tiff":              {string(imagingtest.TIFF(photo)), imagefile.TIFF},
		"big-endian":        {"MM\x00*\x00\x00\x00\x08", imagefile.TIFF},
		"avif":              {string(imagingtest.Fixture("photo.avif")), imagefile.AVIF},
		"heic":              {string(imagingtest.Fixture("photo.heic")), imagefile.HEIC},
		"mif1, heic":        {"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic", imagefile.HEIC},
		"mp4":               {"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isommp42", imagefile.Unknown},
		"beyond ftyp":       {"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00avif", imagefile.Unknown},
		"minor is no brand": {"\x00\x00\x00\x10ftypisomavif", imagefile.Unknown},
		"wave":              {"RIFF\x00\x00\x00\x00WAVE", imagefile.Unknown},
		"svg":               {"<svg/>", imagefile.Unknown},
		"pdf":               {"%PDF-1.7", imagefile.Unknown},
		"empty":             {"", imagefile.Unknown},
		"start of png":      {"\x89PNG", imagefile.Unknown},
	} {
		if got := imagefile.Sniff([]byte(c.body)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestInspect(t *testing.T) {
	t.Parallel()
	photo := imagingtest.Picture(40, 30, 1)
	jpeg := imagingtest.JPEG(photo, 80)
	for name, c := range map[string]struct {
		body []byte
		want imagefile.Info // the profile apart
		icc  bool
		srgb bool
	}{
		"jpeg":        {jpeg, imagefile.Info{Format: imagefile.JPEG, Info: structure.Info{Orientation: 1}}, false, true},
		"turned":      {imagingtest.WithEXIF(jpeg, 7, true), imagefile.Info{Format: imagefile.JPEG, Info: structure.Info{Orientation: 7}}, false, true},
		"progressive": {imagingtest.Fixture("progressive.jpg"), imagefile.Info{Format: imagefile.JPEG, Info: structure.Info{Orientation: 1, Whole: true}}, false, true},
		"cmyk":        {imagingtest.Fixture("cmyk.jpg"), imagefile.Info{Format: imagefile.JPEG, Info: structure.Info{Orientation: 1, CMYK: true}}, false, false},
		"display p3":  {imagingtest.Fixture("p3.jpg"), imagefile.Info{Format: imagefile.JPEG, Info: structure.Info{Orientation: 1}}, true, false},
		"png":         {imagingtest.PNG(photo), imagefile.Info{Format: imagefile.PNG, Info: structure.Info{Orientation: 1, Lossless: true}}, false, true},
		"webp":        {imagingtest.Fixture("photo.webp"), imagefile.Info{Format: imagefile.WebP, Info: structure.Info{Orientation: 1}}, false, true},
		"lossless":    {imagingtest.Fixture("lossless.webp"), imagefile.Info{Format: imagefile.WebP, Info: structure.Info{Orientation: 1, Lossless: true}}, false, true},
		"gif":         {imagingtest.GIF(photo), imagefile.Info{Format: imagefile.GIF, Info: structure.Info{Orientation: 1, Lossless: true}}, false, true},
	} {
		got := imagefile.Inspect(c.body)
		if srgb := got.SRGB(); srgb != c.srgb || (len(got.Profile) > 0) != c.icc {
			t.Errorf("%s: sRGB %v, profile of %d bytes", name, srgb, len(got.Profile))
		}
		got.Profile = nil
		if got.Format != c.want.Format || got.Orientation != c.want.Orientation || got.Whole != c.want.Whole ||
			got.Lossless != c.want.Lossless || got.CMYK != c.want.CMYK {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// TestFirstProfileCounts: of several profiles in a PNG, as in libpng.
func TestFirstProfileCounts(t *testing.T) {
	t.Parallel()
	chunk := func(name string, data []byte) []byte {
		out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
		out = append(append(out, name...), data...)
		return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
	}
	packed := func(profile string) []byte {
		var b bytes.Buffer
		b.WriteString("name\x00\x00")
		z := zlib.NewWriter(&b)
		if _, err := z.Write([]byte(profile)); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return chunk("iCCP", b.Bytes())
	}
	body := imagingtest.PNG(imagingtest.Picture(16, 12, 1))
	body = slices.Concat(body[:33], packed("the first"), packed("the second"), body[33:])
	if got := imagefile.Inspect(body).Profile; string(got) != "the first" {
		t.Errorf("the profile is %q", got)
	}
}

func TestSRGBByName(t *testing.T) {
	t.Parallel()
	for profile, want := range map[string]bool{
		"":                         true,
		"…desc…sRGB IEC61966-2.1…": true,
		"…s\x00sRGB built-in\x00":  true,
		"Display P3":               false,
		"sRGB-elle-V2-g10.icc":     false,
		"\x00s\x00R\x00G\x00B\x00 \x00b\x00u\x00i\x00l\x00t\x00-\x00i\x00n": true,
	} {
		if got := (imagefile.Info{Info: structure.Info{Profile: []byte(profile)}}).SRGB(); got != want {
			t.Errorf("%q: %v", profile, got)
		}
	}
}

func TestOrientation(t *testing.T) {
	t.Parallel()
	for o := 1; o <= 8; o++ {
		if got := tiff.Orientation(imagingtest.EXIF(o, o%2 == 0)); got != o {
			t.Errorf("orientation %d is read as %d", o, got)
		}
	}
	little := []byte("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00")
	if got := tiff.Orientation(little); got != 6 {
		t.Errorf("little-endian 6 is read as %d", got)
	}
	whole := imagingtest.EXIF(5, true)
	for n := range whole {
		if got := tiff.Orientation(whole[:n]); got != 1 && got != 5 {
			t.Errorf("cut at %d: %d", n, got)
		}
	}
	for _, bad := range []int{0, 9, 300} {
		if got := tiff.Orientation(imagingtest.EXIF(bad, false)); got != 1 {
			t.Errorf("orientation %d is read as %d", bad, got)
		}
	}
}

func TestStripKeepsPixels(t *testing.T) {
	t.Parallel()
	photo := imagingtest.Picture(60, 40, 2)
	extendedWebP := withWebPMetadata(simpleWebP(t), imagingtest.FixtureWidth, imagingtest.FixtureHeight)
	for name, body := range map[string][]byte{
		"jpeg":          imagingtest.WithEXIF(imagingtest.JPEG(photo, 90), 1, true),
		"jpeg, trailer": append(imagingtest.WithEXIF(imagingtest.JPEG(photo, 90), 1, true), imagingtest.Secret...),
		"progressive":   imagingtest.WithEXIF(imagingtest.Fixture("progressive.jpg"), 1, true),
		"p3":            imagingtest.Fixture("p3.jpg"),
		"webp":          extendedWebP,
		"alpha webp":    imagingtest.Fixture("alpha.webp"),
		"png":           imagingtest.PNG(photo),
		"palette png":   imagingtest.PalettePNG(photo),
		"gif":           imagingtest.GIF(photo),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stripped, err := imagefile.Strip(body)
			if err != nil {
				t.Fatal(err)
			}
			if len(stripped) > len(body) || bytes.Contains(stripped, []byte(imagingtest.Secret)) {
				t.Errorf("%d bytes of %d, or with the secret", len(stripped), len(body))
			}
			if info := imagefile.Inspect(stripped); len(info.Profile) > 0 || info.Orientation != 1 {
				t.Errorf("left: %+v", info)
			}
			if !equalPixels(imagingtest.Decode(t, body), imagingtest.Decode(t, stripped)) {
				t.Error("the pixels changed")
			}
			again, err := imagefile.Strip(stripped)
			if err != nil || !bytes.Equal(again, stripped) {
				t.Errorf("stripping twice: %v, %d bytes after %d", err, len(again), len(stripped))
			}
		})
	}
}

func TestStripRefuses(t *testing.T) {
	t.Parallel()
	if _, err := imagefile.Strip(imagingtest.Fixture("photo.avif")); !errors.Is(err, imagefile.ErrCannotStrip) {
		t.Errorf("AVIF: %v", err)
	}
	photo := imagingtest.Picture(60, 40, 2)
	for name, body := range map[string][]byte{
		"jpeg": imagingtest.JPEG(photo, 90), "png": imagingtest.PNG(photo),
		"gif": imagingtest.AnimatedGIF(30, 20, 2), "webp": imagingtest.Fixture("animated.webp"),
	} {
		for _, n := range []int{len(body) / 3, len(body) / 2, len(body) - 1} {
			if _, err := imagefile.Strip(body[:n]); err == nil {
				t.Errorf("%s cut at %d of %d was stripped", name, n, len(body))
			}
		}
	}
}

func TestGIFFrames(t *testing.T) {
	t.Parallel()
	body := imagingtest.AnimatedGIF(30, 20, 5)
	if n, err := gif.Frames(body); n != 5 || err != nil {
		t.Errorf("%d frames, want 5: %v", n, err)
	}
	if err := imagefile.Complete(body); err != nil {
		t.Error(err)
	}
	if err := imagefile.Complete(body[:len(body)-1]); err == nil {
		t.Error("a GIF without its end is complete")
	}
}

func equalPixels(a, b image.Image) bool {
	if a.Bounds() != b.Bounds() {
		return false
	}
	for y := a.Bounds().Min.Y; y < a.Bounds().Max.Y; y++ {
		for x := a.Bounds().Min.X; x < a.Bounds().Max.X; x++ {
			if a.At(x, y) != b.At(x, y) {
				return false
			}
		}
	}
	return true
}

// simpleWebP has one chunk.
func simpleWebP(tb testing.TB) []byte {
	tb.Helper()
	simple, err := imagefile.Strip(imagingtest.Fixture("photo.webp"))
	if err != nil || string(simple[12:16]) != "VP8 " {
		tb.Fatalf("strip: %v", err)
	}
	return simple
}

// withWebPMetadata extends a simple WebP file by EXIF and XMP.
func withWebPMetadata(simple []byte, w, h int) []byte {
	chunk := func(name string, body []byte) []byte {
		out := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(body)))
		out = append(out, body...)
		if len(body)%2 == 1 {
			out = append(out, 0)
		}
		return out
	}
	head := []byte{0x08 | 0x04, 0, 0, 0, byte(w - 1), byte((w - 1) >> 8), 0, byte(h - 1), byte((h - 1) >> 8), 0}
	out := append([]byte("RIFF\x00\x00\x00\x00WEBP"), chunk("VP8X", head)...)
	out = append(out, simple[12:]...)
	out = append(out, chunk("EXIF", imagingtest.EXIF(1, true))...)
	out = append(out, chunk("XMP ", []byte(imagingtest.Secret))...)
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out
}

// TestRepairCopiesNothing: what is as it should be is returned as it is.
func TestRepairCopiesNothing(t *testing.T) {
	t.Parallel()
	photo := imagingtest.Picture(60, 40, 2)
	for name, body := range map[string][]byte{
		"jpeg": imagingtest.WithEXIF(imagingtest.JPEG(photo, 90), 6, true), "progressive": imagingtest.Fixture("progressive.jpg"),
		"cmyk": imagingtest.Fixture("cmyk.jpg"), "jpeg and more": append(imagingtest.JPEG(photo, 90), "more"...),
		"half a head": imagingtest.Photo(90, 60, 1)[:300], "png": imagingtest.PNG(photo), "palette": imagingtest.PalettePNG(photo),
		"half a png": imagingtest.PNG(photo)[:1000], "gif": imagingtest.AnimatedGIF(30, 20, 3), "tiff": imagingtest.TIFF(photo),
		"half a gif": imagingtest.AnimatedGIF(30, 20, 3)[:900], "webp": imagingtest.Fixture("photo.webp"),
		"avif": imagingtest.Fixture("photo.avif"), "text": []byte("hello"),
	} {
		repaired, ended := imagefile.Repair(body)
		if ended || len(repaired) != len(body) || &repaired[0] != &body[0] {
			t.Errorf("%s: %d bytes became %d", name, len(body), len(repaired))
		}
	}
	if _, ended := imagefile.Repair(imagingtest.Photo(90, 60, 1)[:1000]); !ended {
		t.Error("no one is told to look whether half a JPEG is whole")
	}
}
